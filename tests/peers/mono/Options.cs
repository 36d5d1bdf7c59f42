using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

// Options are the flags of the command line. Every flag has a value.
class Options {
    public string Client, Url, Method = "GET", ContentType, SoapAction;
    public List<KeyValuePair<string, string>> Headers = new List<KeyValuePair<string, string>>();
    public byte[] Body;          // null: no body
    public int Calls = 1;        // made one after the other
    public bool Expect = true;   // Expect: 100-continue on requests with a body
    public bool Redirects = true;
    public bool KeepAlive = true;
    public bool Chunked;         // SendChunked instead of a Content-Length
    public int TimeoutMs = 20000;

    public static Options Parse(string[] args) {
        if (args.Length == 0 || args.Length % 2 == 0)
            throw new ArgumentException("usage: caller CLIENT --flag value ...");
        var o = new Options { Client = args[0] };
        for (int i = 1; i < args.Length; i += 2) {
            string value = args[i + 1];
            switch (args[i]) {
            case "--url": o.Url = value; break;
            case "--method": o.Method = value; break;
            case "--header": o.Headers.Add(Split(value)); break;
            case "--content-type": o.ContentType = value; break;
            case "--soap-action": o.SoapAction = value; break;
            case "--body-file": o.Body = File.ReadAllBytes(value); break;
            case "--body-size": o.Body = Filler(int.Parse(value, CultureInfo.InvariantCulture)); break;
            case "--calls": o.Calls = int.Parse(value, CultureInfo.InvariantCulture); break;
            case "--expect": o.Expect = value == "on"; break;
            case "--redirects": o.Redirects = value == "on"; break;
            case "--keep-alive": o.KeepAlive = value == "on"; break;
            case "--chunked": o.Chunked = value == "on"; break;
            case "--timeout-ms": o.TimeoutMs = int.Parse(value, CultureInfo.InvariantCulture); break;
            default: throw new ArgumentException("no flag is called " + args[i]);
            }
        }
        if (o.Url == null)
            throw new ArgumentException("--url is missing");
        return o;
    }

    static KeyValuePair<string, string> Split(string header) {
        int colon = header.IndexOf(':');
        if (colon < 1)
            throw new ArgumentException("a header is \"Name: value\", not " + header);
        return new KeyValuePair<string, string>(header.Substring(0, colon), header.Substring(colon + 1).Trim());
    }

    static byte[] Filler(int size) {
        var body = new byte[size];
        for (int i = 0; i < size; i++)
            body[i] = (byte)('a' + i % 26);
        return body;
    }
}
