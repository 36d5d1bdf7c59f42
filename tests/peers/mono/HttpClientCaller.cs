using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net.Http;

// HttpClientCaller uses one HttpClient for all calls, so its connection is kept.
static class HttpClientCaller {
    static HttpClient client;

    public static Report Call(Options o, int n) {
        if (client == null)
            client = Make(o);
        var report = new Report { Call = n, Phase = "response" };
        var clock = Stopwatch.StartNew();
        try {
            using (HttpRequestMessage request = Request(o))
            using (HttpResponseMessage response = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Result) {
                report.Status = (int)response.StatusCode;
                Collect(report, response.Headers);
                Collect(report, response.Content.Headers);
                report.Phase = "body";
                report.Read(response.Content.ReadAsStreamAsync().Result);
                report.Phase = "";
            }
        } catch (AggregateException e) {
            report.Failed(e.GetBaseException());
            report.Exception = e.ToString();
        } catch (Exception e) {
            report.Failed(e);
        }
        report.ElapsedMs = clock.ElapsedMilliseconds;
        return report;
    }

    static HttpClient Make(Options o) {
        var handler = new HttpClientHandler {
            UseProxy = false,
            AllowAutoRedirect = o.Redirects,
            // Mono's HttpClient does not ask ServicePointManager.
            ServerCertificateCustomValidationCallback = Handshakes.Validate,
        };
        return new HttpClient(handler) { Timeout = TimeSpan.FromMilliseconds(o.TimeoutMs) };
    }

    static HttpRequestMessage Request(Options o) {
        var request = new HttpRequestMessage(new HttpMethod(o.Method), o.Url);
        if (o.Body != null) {
            request.Content = new ByteArrayContent(o.Body);
            if (o.ContentType != null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", o.ContentType);
            request.Headers.ExpectContinue = o.Expect;
        }
        if (o.Chunked)
            request.Headers.TransferEncodingChunked = true;
        if (!o.KeepAlive)
            request.Headers.ConnectionClose = true;
        if (o.SoapAction != null)
            request.Headers.TryAddWithoutValidation("SOAPAction", "\"" + o.SoapAction + "\"");
        foreach (var h in o.Headers)
            request.Headers.TryAddWithoutValidation(h.Key, h.Value);
        return request;
    }

    static void Collect(Report report, IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers) {
        foreach (var h in headers)
            foreach (string value in h.Value)
                report.Headers.Add(new KeyValuePair<string, string>(h.Key, value));
    }
}
