using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

// Report is what one call came to, as its developer would see it.
class Report {
    const int Kept = 8192; // bytes of the body that are printed

    public int Call, Status, Handshakes, Certificates;
    public long Length = -1, ElapsedMs;      // Length -1: no body was read
    public string Body = "", Phase = "", TrustErrors = "";
    public string ExceptionType = "", Exception = "", WebStatus = "";
    public string FaultType = "", FaultCode = "", FaultReason = "", FaultDetail = "";
    public List<KeyValuePair<string, string>> Headers = new List<KeyValuePair<string, string>>();

    // Read takes the whole body and keeps its beginning.
    public void Read(Stream body) {
        Length = 0;
        var kept = new MemoryStream();
        var buffer = new byte[65536];
        int n;
        while ((n = body.Read(buffer, 0, buffer.Length)) > 0) {
            int room = (int)Math.Min(n, Kept - kept.Length);
            kept.Write(buffer, 0, room);
            Length += n;
        }
        Body = Encoding.UTF8.GetString(kept.ToArray());
    }

    public void Failed(Exception e) {
        ExceptionType = e.GetType().FullName;
        Exception = e.ToString();
    }

    public string ToJson() {
        var s = new StringBuilder("{");
        Number(s, "call", Call);
        Number(s, "status", Status);
        Number(s, "length", Length);
        Number(s, "elapsed_ms", ElapsedMs);
        Number(s, "handshakes", Handshakes);
        Number(s, "certificates", Certificates);
        Text(s, "body", Body);
        Text(s, "phase", Phase);
        Text(s, "trust_errors", TrustErrors);
        Text(s, "exception_type", ExceptionType);
        Text(s, "exception", Exception);
        Text(s, "web_status", WebStatus);
        Text(s, "fault_type", FaultType);
        Text(s, "fault_code", FaultCode);
        Text(s, "fault_reason", FaultReason);
        Text(s, "fault_detail", FaultDetail);
        s.Append("\"header\":[");
        for (int i = 0; i < Headers.Count; i++) {
            s.Append(i == 0 ? "[" : ",[");
            Quote(s, Headers[i].Key);
            s.Append(',');
            Quote(s, Headers[i].Value);
            s.Append(']');
        }
        return s.Append("]}").ToString();
    }

    static void Number(StringBuilder s, string name, long value) {
        Quote(s, name);
        s.Append(':').Append(value.ToString(CultureInfo.InvariantCulture)).Append(',');
    }

    static void Text(StringBuilder s, string name, string value) {
        Quote(s, name);
        s.Append(':');
        Quote(s, value ?? "");
        s.Append(',');
    }

    // Quote writes ASCII only, so that the console's encoding does not matter.
    static void Quote(StringBuilder s, string value) {
        s.Append('"');
        foreach (char c in value) {
            if (c == '"' || c == '\\')
                s.Append('\\').Append(c);
            else if (c < ' ' || c > '~')
                s.Append("\\u").Append(((int)c).ToString("x4"));
            else
                s.Append(c);
        }
        s.Append('"');
    }
}
