package translate
import ("testing";"syscall";"bytes";"io";"time")
func cpu() time.Duration { var u syscall.Rusage; syscall.Getrusage(syscall.RUSAGE_SELF,&u); return time.Duration(u.Utime.Nano()+u.Stime.Nano()) }
func BenchmarkCPU(b *testing.B){
 xml,json:=orders(5); op:=find(b)
 b.Run("request",func(b *testing.B){ b.ReportAllocs(); c:=cpu(); for b.Loop(){ s:=op.Request(bytes.NewReader(json),nil); io.Copy(io.Discard,s); s.Close()}; b.ReportMetric(float64((cpu()-c).Nanoseconds())/float64(b.N)/1000,"cpu-us/op")})
 b.Run("answer",func(b *testing.B){ b.ReportAllocs(); c:=cpu(); for b.Loop(){ s:=op.Answer(bytes.NewReader(xml),"",JSON); io.Copy(io.Discard,s); s.Close()}; b.ReportMetric(float64((cpu()-c).Nanoseconds())/float64(b.N)/1000,"cpu-us/op")})
}
