using System;
using System.Collections.Generic;
using System.Runtime.Serialization;
using System.ServiceModel;

[DataContract(Namespace = "urn:trial")]
public class Record {
    [DataMember(Name = "text", Order = 0)] public string Text;
    [DataMember(Name = "long", Order = 1)] public long Long;
    [DataMember(Name = "amount", Order = 2)] public decimal Amount;
    [DataMember(Name = "flag", Order = 3)] public bool Flag;
    [DataMember(Name = "time", Order = 4)] public DateTime Time;
    [DataMember(Name = "data", Order = 5)] public byte[] Data;
    [DataMember(Name = "nothing", Order = 6)] public string Nothing;
    [DataMember(Name = "absent", Order = 7, EmitDefaultValue = false)] public string Absent;
    [DataMember(Name = "empty", Order = 8)] public string Empty;
    [DataMember(Name = "lines", Order = 9)] public List<string> Lines;
}

[DataContract(Namespace = "urn:trial")]
public class Missing {
    [DataMember(Name = "item", Order = 0)] public string Item;
    [DataMember(Name = "tried", Order = 1)] public long Tried;
}

[ServiceContract(Name = "Trial", Namespace = "urn:trial")]
public interface ITrial {
    [OperationContract] Record Put(Record record);
    [OperationContract, FaultContract(typeof(Missing))] bool Find(string item);
}
