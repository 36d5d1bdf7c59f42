using System;
using System.Net;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Threading;

// A caller of the kind that business code on .NET Framework is: one process makes one
// or several calls and prints one JSON object a line for each.
//
//     mono caller.exe webrequest|httpclient|wcf --url URL [flags]
static class Program {
    // ExitNow ends the process at once. Mono's own end hangs for 40 seconds and more, one
    // time in a hundred, when the machine is busy.
    [DllImport("libc", EntryPoint = "_exit")]
    static extern void ExitNow(int code);

    static int Main(string[] args) {
        Options options;
        try {
            options = Options.Parse(args);
        } catch (ArgumentException e) {
            Console.Error.WriteLine("caller: " + e.Message);
            return 2;
        }
        ServicePointManager.Expect100Continue = options.Expect;
        ServicePointManager.DefaultConnectionLimit = 2; // .NET Framework's own default
        ServicePointManager.ServerCertificateValidationCallback = Handshakes.Validate;

        Func<Options, int, Report> call;
        switch (options.Client) {
        case "webrequest": call = HttpWebRequestCaller.Call; break;
        case "httpclient": call = HttpClientCaller.Call; break;
        case "wcf": call = WcfCaller.Call; break;
        default:
            Console.Error.WriteLine("caller: no client is called " + options.Client);
            return 2;
        }
        for (int n = 0; n < options.Calls; n++) {
            Report report = call(options, n);
            report.Handshakes = Handshakes.Count;
            report.Certificates = Handshakes.Sent;
            report.TrustErrors = Handshakes.Errors;
            Console.Out.WriteLine(report.ToJson());
            Console.Out.Flush();
        }
        ExitNow(0);
        return 0;
    }
}

// Handshakes counts what the TLS layer asked us to validate. The trust store itself is the
// runtime's, filled by whoever started the process, so that the verdict is the runtime's too.
static class Handshakes {
    static int count, sent;
    static string errors = "";

    public static int Count { get { return Volatile.Read(ref count); } }

    // Sent is how many certificates the server sent in the latest handshake.
    public static int Sent { get { return Volatile.Read(ref sent); } }

    public static string Errors { get { return Volatile.Read(ref errors); } }

    public static bool Validate(object sender, X509Certificate leaf, X509Chain chain, SslPolicyErrors found) {
        Interlocked.Increment(ref count);
        // Mono keeps the peer's certificates in ExtraStore; ChainElements holds the root as well.
        Volatile.Write(ref sent, chain == null ? 0 : chain.ChainPolicy.ExtraStore.Count);
        Volatile.Write(ref errors, found == SslPolicyErrors.None ? "" : found.ToString());
        return found == SslPolicyErrors.None;
    }
}
