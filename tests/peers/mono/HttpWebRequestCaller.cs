using System;
using System.Diagnostics;
using System.IO;
using System.Net;

// HttpWebRequestCaller calls as X++ does: a byte array written to the request stream, the
// answer read by GetResponse, a WebException for everything that is not 2xx.
static class HttpWebRequestCaller {
    public static Report Call(Options o, int n) {
        var report = new Report { Call = n };
        var clock = Stopwatch.StartNew();
        try {
            Send(o, report);
        } catch (WebException e) {
            report.Failed(e);
            report.WebStatus = e.Status.ToString();
            Answer(e.Response as HttpWebResponse, report);
        } catch (Exception e) {
            report.Failed(e);
        }
        report.ElapsedMs = clock.ElapsedMilliseconds;
        return report;
    }

    static void Send(Options o, Report report) {
        var request = (HttpWebRequest)WebRequest.Create(o.Url);
        request.Proxy = null;
        request.Method = o.Method;
        request.Timeout = o.TimeoutMs;
        request.ReadWriteTimeout = o.TimeoutMs;
        request.AllowAutoRedirect = o.Redirects;
        request.KeepAlive = o.KeepAlive;
        request.AllowWriteStreamBuffering = !o.Chunked;
        request.SendChunked = o.Chunked;
        if (o.ContentType != null)
            request.ContentType = o.ContentType;
        if (o.SoapAction != null)
            request.Headers.Add("SOAPAction", "\"" + o.SoapAction + "\"");
        foreach (var h in o.Headers)
            request.Headers.Add(h.Key, h.Value);

        if (o.Body != null) {
            report.Phase = "request";
            if (!o.Chunked)
                request.ContentLength = o.Body.Length;
            using (Stream s = request.GetRequestStream())
                s.Write(o.Body, 0, o.Body.Length);
        }
        report.Phase = "response";
        Answer((HttpWebResponse)request.GetResponse(), report);
        report.Phase = "";
    }

    static void Answer(HttpWebResponse response, Report report) {
        if (response == null)
            return;
        using (response) {
            report.Status = (int)response.StatusCode;
            foreach (string name in response.Headers.AllKeys)
                foreach (string value in response.Headers.GetValues(name))
                    report.Headers.Add(new System.Collections.Generic.KeyValuePair<string, string>(name, value));
            try {
                using (Stream body = response.GetResponseStream())
                    report.Read(body);
            } catch (Exception e) {
                report.Phase = "body";
                report.Failed(e);
            }
        }
    }
}
