using System;
using System.ServiceModel;
using System.ServiceModel.Description;

[ServiceBehavior(Namespace = "urn:trial", Name = "Trial")]
public class Trial : ITrial {
    public Record Put(Record record) {
        return record;
    }

    public bool Find(string item) {
        throw new FaultException<Missing>(new Missing { Item = item, Tried = 9007199254740993 }, new FaultReason("no item " + item), FaultCode.CreateSenderFaultCode("NotFound", "urn:trial"));
    }
}

static class Host {
    // The argument is the address of the service.
    static void Main(string[] args) {
        var host = new ServiceHost(typeof(Trial), new Uri(args[0]));
        host.Description.Behaviors.Add(new ServiceMetadataBehavior { HttpGetEnabled = true });
        host.AddServiceEndpoint(typeof(ITrial), new BasicHttpBinding(), "");
        // Not below /trial, whose listener would take its messages.
        host.AddServiceEndpoint(typeof(ITrial), new WSHttpBinding(SecurityMode.None), new Uri(new Uri(args[0]), "/ws"));
        host.Open();
        Console.WriteLine("LISTEN");
        System.Threading.Thread.Sleep(System.Threading.Timeout.Infinite);
    }
}
