using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Text;
using System.Xml;

// AnyService is a contract without types: the body is whatever the test wrote. The declared
// XmlElement makes a refusal a FaultException<XmlElement>, whatever its detail is called.
[ServiceContract(Namespace = "urn:any", Name = "Any")]
interface AnyService {
    [OperationContract(Action = "*", ReplyAction = "*")]
    [FaultContract(typeof(XmlElement))]
    Message Call(Message request);
}

// WcfCaller calls through ChannelFactory and BasicHttpBinding, as a proxy made by "Add
// service reference" does. The body file holds the content of soap:Body, not the envelope.
static class WcfCaller {
    static ChannelFactory<AnyService> factory;

    public static Report Call(Options o, int n) {
        var report = new Report { Call = n, Phase = "response" };
        var clock = Stopwatch.StartNew();
        try {
            if (factory == null)
                factory = Factory(o);
            AnyService service = factory.CreateChannel();
            Send(o, service, report);
            report.Phase = "";
        } catch (FaultException e) {
            report.Failed(e);
            Describe(e, report);
        } catch (Exception e) {
            report.Failed(e);
            // WCF wraps it in a CommunicationException, Mono throws it bare.
            var web = e as WebException ?? e.InnerException as WebException;
            if (web != null)
                report.WebStatus = web.Status.ToString();
            var answer = web == null ? null : web.Response as HttpWebResponse;
            if (answer != null)
                report.Status = (int)answer.StatusCode;
        }
        report.ElapsedMs = clock.ElapsedMilliseconds;
        return report;
    }

    static ChannelFactory<AnyService> Factory(Options o) {
        bool tls = o.Url.StartsWith("https:", StringComparison.Ordinal);
        var binding = new BasicHttpBinding(tls ? BasicHttpSecurityMode.Transport : BasicHttpSecurityMode.None) {
            UseDefaultWebProxy = false,
            SendTimeout = TimeSpan.FromMilliseconds(o.TimeoutMs),
        };
        return new ChannelFactory<AnyService>(binding, new EndpointAddress(o.Url));
    }

    static void Send(Options o, AnyService service, Report report) {
        using ((IDisposable)service)
        using (new OperationContextScope((IContextChannel)service)) {
            var http = new HttpRequestMessageProperty();
            http.Headers["SOAPAction"] = "\"" + (o.SoapAction ?? "") + "\"";
            foreach (var h in o.Headers)
                http.Headers[h.Key] = h.Value;
            XmlReader body = XmlReader.Create(new MemoryStream(o.Body ?? Encoding.UTF8.GetBytes("<Ping xmlns=\"urn:any\"/>")));
            Message request = Message.CreateMessage(MessageVersion.Soap11, o.SoapAction ?? "", body);
            request.Properties[HttpRequestMessageProperty.Name] = http;
            using (Message reply = service.Call(request))
                report.Read(new MemoryStream(Encoding.UTF8.GetBytes(reply.GetReaderAtBodyContents().ReadOuterXml())));
        }
    }

    static void Describe(FaultException e, Report report) {
        report.FaultType = Name(e.GetType());
        report.FaultCode = e.Code.Name;
        report.FaultReason = e.Reason.ToString();
        var typed = e as FaultException<XmlElement>;
        if (typed != null) {
            report.FaultDetail = typed.Detail.OuterXml;
            return;
        }
        MessageFault fault = e.CreateMessageFault();
        if (fault.HasDetail)
            using (XmlDictionaryReader detail = fault.GetReaderAtDetailContents())
                report.FaultDetail = detail.ReadOuterXml();
    }

    // Name writes FaultException<XmlElement>, not FaultException`1[[...]].
    static string Name(Type t) {
        return t.IsGenericType
            ? t.Name.Substring(0, t.Name.IndexOf('`')) + "<" + t.GetGenericArguments()[0].Name + ">"
            : t.Name;
    }
}
