package target

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"twohop/internal/fault"
)

func TestATargetThatCannotBeReached(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		config Config
		code   fault.Code
		cause  string
	}{
		"nothing listens":                       {plain(closed.Addr().String()), fault.TargetRefused, "nothing accepts connections on the target's port"},
		"the name does not resolve":             {plain("wms.invalid:80"), fault.TargetName, "resolve"},
		"link-local":                            {plain("169.254.1.1:80"), fault.TargetForbidden, "metadata"},
		"metadata":                              {secure("169.254.169.254:443"), fault.TargetForbidden, "metadata"},
		"metadata as IPv4-mapped IPv6":          {plain("[::ffff:169.254.169.254]:80"), fault.TargetForbidden, "metadata"},
		"metadata behind NAT64":                 {plain("[64:ff9b::a9fe:a9fe]:80"), fault.TargetForbidden, "metadata"},
		"link-local IPv6 with a zone":           {plain("[fe80::1%lo]:80"), fault.TargetForbidden, "metadata"},
		"Azure's wire server":                   {plain("168.63.129.16:80"), fault.TargetForbidden, "metadata"},
		"EC2's metadata over IPv6":              {plain("[fd00:ec2::254]:80"), fault.TargetForbidden, "metadata"},
		"multicast":                             {plain("224.0.0.1:80"), fault.TargetForbidden, "multicast"},
		"no address at all":                     {plain("0.0.0.0:80"), fault.TargetForbidden, "metadata"},
		"a source address of another machine's": {from(plain("127.0.0.1:80"), "192.0.2.1"), fault.TargetUnreachable, "no address or port to call"},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, c.config)
			_, h, err := call(x, request(t, x, "POST", "/", nil), patient)
			isFault(t, err, c.code, c.cause)
			if h.Address != "" || h.Status != 0 || h.Total == 0 {
				t.Errorf("the hop says %+v", h)
			}
		})
	}
}

func from(c Config, source string) Config {
	c.SourceAddress = source
	return c
}

func TestTheSourceAddressIsUsed(t *testing.T) {
	var seen atomic.Value
	addr := listen(t, func(c net.Conn) { seen.Store(c.RemoteAddr().(*net.TCPAddr).IP.String()) })
	x := newTarget(t, from(plain(addr), "127.0.0.9"))
	if c, err := x.tcp(soon(t)); err != nil {
		t.Skip("this system has no 127.0.0.9:", err)
	} else {
		c.Read(make([]byte, 1))
		c.Close()
	}
	if seen.Load() != "127.0.0.9" {
		t.Errorf("the target was called from %v", seen.Load())
	}
}

// names is a name server that knows what it is told, in place of the system's. Tests
// that use it do not run in parallel.
func names(t *testing.T, answer func(name string) net.IP) *atomic.Int64 {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := &atomic.Int64{}
	go func() {
		buf := make([]byte, 512)
		for {
			n, peer, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			if ip := answer(q.Name.String()).To4(); ip != nil && q.Type == dnsmessage.TypeA {
				asked.Add(1)
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
					Body: &dnsmessage.AResource{A: [4]byte(ip)}}}
			}
			if reply, err := m.Pack(); err == nil {
				pc.WriteTo(reply, peer)
			}
		}
	}()
	system := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = system
		pc.Close()
	})
	return asked
}

func TestANameThatLeadsToMetadataIsRefused(t *testing.T) {
	names(t, func(string) net.IP { return net.IPv4(169, 254, 169, 254) })
	_, _, err := get(t, newTarget(t, plain("wms.test.:80")))
	isFault(t, err, fault.TargetForbidden, "metadata")
}

func TestANameServerThatIsGoneIsToldFromANameThatIs(t *testing.T) {
	names(t, func(string) net.IP { return nil })
	c := plain("wms.test.:80")
	_, _, err := get(t, newTarget(t, c))
	isFault(t, err, fault.TargetName, "does not resolve")

	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("the name server is gone")
	}}
	_, _, err = get(t, newTarget(t, c))
	isFault(t, err, fault.TargetName, "no name server answered")
}
