//go:build linux

package faults

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// What a name server says.
const (
	namesAnswer  int32 = iota
	namesUnknown       // there is no such name
	namesBroken        // the server has failed
	namesSilent
)

// nameServer is the broker's only one. It knows one name.
type nameServer struct {
	conn net.PacketConn
	mode atomic.Int32
}

func startNames(t testing.TB, h *host) *nameServer {
	t.Helper()
	s := &nameServer{}
	var err error
	h.do(func() { s.conn, err = net.ListenPacket("udp", "127.0.0.1:53") })
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		s.conn.Close()
		serving.Wait()
	})
	return s
}

func (s *nameServer) say(mode int32) { s.mode.Store(mode) }

func (s *nameServer) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if s.mode.Load() == namesSilent || m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		answer, err := s.answer(m.ID, m.Questions[0]).Pack()
		if err == nil {
			s.conn.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) answer(id uint16, q dnsmessage.Question) *dnsmessage.Message {
	m := &dnsmessage.Message{Header: dnsmessage.Header{ID: id, Response: true, RecursionAvailable: true}, Questions: []dnsmessage.Question{q}}
	switch mode := s.mode.Load(); {
	case mode == namesBroken:
		m.RCode = dnsmessage.RCodeServerFailure
	case mode == namesUnknown || q.Name.String() != targetName+".":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body: &dnsmessage.AResource{A: [4]byte(net.ParseIP(targetIP).To4())}}}
	}
	return m
}
