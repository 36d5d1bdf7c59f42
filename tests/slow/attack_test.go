//go:build linux

package slow

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// attack is a number of hostile connections, each of one kind.
type attack struct {
	b      *Broker
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
	in     atomic.Int64 // connections that got as far as they wanted
	refusd atomic.Int64
}

func (b *Broker) attack() *attack {
	ctx, cancel := context.WithCancel(context.Background())
	return &attack{b: b, ctx: ctx, stop: cancel}
}

func (a *attack) end() {
	a.stop()
	a.wg.Wait()
}

// network is an address in the ith hostile network.
func network(i int) string { return fmt.Sprintf("127.%d.%d.9", 10+i/250%200, 1+i%250) }

// each opens n connections, per of them from each network, at most atOnce at a time, and
// keeps those for which act does not fail until the attack ends or they are closed.
func (a *attack) each(n, per int, act func(*attack, net.Conn) error) {
	atOnce := make(chan struct{}, 50)
	a.wg.Go(func() {
		for i := range n {
			select {
			case atOnce <- struct{}{}:
			case <-a.ctx.Done():
				return
			}
			a.wg.Go(func() {
				c, err := from(network(i/per)).DialContext(a.ctx, "tcp", a.b.addr)
				if err != nil {
					a.refusd.Add(1)
					<-atOnce
					return
				}
				defer c.Close()
				defer context.AfterFunc(a.ctx, func() { c.Close() })()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				err = act(a, c)
				<-atOnce
				if err != nil {
					a.refusd.Add(1)
					return
				}
				a.in.Add(1)
				c.SetDeadline(time.Time{})
				if t, ok := c.(*net.TCPConn); ok {
					hold(a.ctx, t)
				}
			})
		}
	})
}

// hold waits, reading nothing, until the peer closes c or ctx is done.
func hold(ctx context.Context, c *net.TCPConn) {
	for ctx.Err() == nil {
		if _, err := c.Write(nil); err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (a *attack) handshake(c net.Conn, protocol string) (*tls.Conn, error) {
	t := tls.Client(c, a.b.tls(protocol))
	return t, t.HandshakeContext(a.ctx)
}

// idle makes a call, and keeps the connection.
func idle(a *attack, c net.Conn) error {
	t, err := a.handshake(c, "http/1.1")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(t, "GET /open/stock/A1001 HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	_, err = t.Read(make([]byte, 4096))
	return err
}

// largeHeader sends n bytes of a header that never ends.
func largeHeader(n int) func(*attack, net.Conn) error {
	return func(a *attack, c net.Conn) error {
		t, err := a.handshake(c, "http/1.1")
		if err != nil {
			return err
		}
		var text strings.Builder
		text.WriteString("GET /open/stock/A1001 HTTP/1.1\r\nHost: localhost\r\n")
		for i := 0; text.Len() < n; i++ {
			fmt.Fprintf(&text, "X-%d: %s\r\n", i, strings.Repeat("x", min(n, 80)))
		}
		_, err = io.WriteString(t, text.String())
		return err
	}
}

// partialHello sends 60 KiB of a ClientHello of 64 KiB, and stops.
func partialHello(_ *attack, c net.Conn) error {
	hello := make([]byte, 60<<10)
	hello[0], hello[2], hello[3] = 1, 0xff, 0xff // RFC 8446, section 4
	for part := range slices.Chunk(hello, 16<<10) {
		record := append([]byte{22, 3, 1, 0, 0}, part...)
		binary.BigEndian.PutUint16(record[3:], uint16(len(part)))
		if _, err := c.Write(record); err != nil {
			return err
		}
	}
	return nil
}

// upload sends a body that the target never reads.
func upload(a *attack, c net.Conn) error {
	t, err := a.handshake(c, "http/1.1")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(t, "POST /open/hole HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"); err != nil {
		return err
	}
	c.SetDeadline(time.Now().Add(2 * time.Second)) // what fits the buffers on the way
	t.Write(make([]byte, 8<<20))                   // ends with that deadline
	return nil
}

// streams opens n streams of one HTTP/2 connection, each with a large header, asks for an
// endless answer on each and reads none.
func streams(n, header int) func(*attack, net.Conn) error {
	return func(a *attack, c net.Conn) error {
		t, err := a.handshake(c, "h2")
		if err != nil {
			return err
		}
		if _, err := io.WriteString(t, http2.ClientPreface); err != nil {
			return err
		}
		f := http2.NewFramer(t, t)
		if err := f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 16 << 10}); err != nil {
			return err
		}
		for i := range n {
			var block bytes.Buffer
			e := hpack.NewEncoder(&block)
			e.SetMaxDynamicTableSize(0)
			for _, h := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/open/stream?bytes=1000000000"}} {
				e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
			}
			for k := 0; block.Len() < header; k++ {
				e.WriteField(hpack.HeaderField{Name: fmt.Sprintf("x-%d", k), Value: strings.Repeat("x~", 500), Sensitive: true})
			}
			if err := writeHeaders(f, uint32(2*i+1), block.Bytes()); err != nil {
				return err
			}
		}
		return nil
	}
}

// writeHeaders sends a header block in frames of 16 KiB (RFC 9113, section 6.10).
func writeHeaders(f *http2.Framer, stream uint32, block []byte) error {
	first := block[:min(len(block), 16<<10)]
	rest := block[len(first):]
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndStream: true, EndHeaders: len(rest) == 0}); err != nil {
		return err
	}
	for len(rest) > 0 {
		part := rest[:min(len(rest), 16<<10)]
		rest = rest[len(part):]
		if err := f.WriteContinuation(stream, len(rest) == 0, part); err != nil {
			return err
		}
	}
	return nil
}

// flood opens connections from one network as fast as it can, and closes them.
func (a *attack) flood(network string) {
	for range 4 {
		a.wg.Go(func() {
			for a.ctx.Err() == nil {
				c, err := from(network).DialContext(a.ctx, "tcp", a.b.addr)
				if err != nil {
					a.refusd.Add(1)
					continue
				}
				t := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
				c.SetDeadline(time.Now().Add(5 * time.Second))
				if t.HandshakeContext(a.ctx) == nil {
					a.in.Add(1)
				} else {
					a.refusd.Add(1)
				}
				c.Close()
			}
		})
	}
}
