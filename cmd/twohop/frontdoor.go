package main

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"twohop/door"
	"twohop/internal/fault"
	"twohop/proxy"
	"twohop/routes"
)

// frontDoor is the HTTP server that callers reach, and the door before its listener.
func (s *server) frontDoor(l routes.Listener, room door.Room) (*http.Server, *door.Door) {
	d := door.New(s.doorConfig(l, room))
	at := proxy.Listener{Address: l.Address, IPv4: l.PerNetwork.IPv4, IPv6: l.PerNetwork.IPv6}
	return &http.Server{
		Handler:           d.Handler(s.broker),
		TLSConfig:         doorTLS(s.certs.TLS(), func() bool { return s.broker.Router().WantsCertificates() }, d.Hello, s.now),
		ReadHeaderTimeout: l.HeaderTimeout,
		MaxHeaderBytes:    int(l.MaxHeader),
		IdleTimeout:       l.Idle,
		HTTP2:             http2Limits(),
		ErrorLog:          slog.NewLogLogger(d.ErrorLog(), slog.LevelWarn),
		ConnState:         d.State,
		ConnContext:       d.Remember,
		BaseContext:       func(net.Listener) context.Context { return proxy.At(s.calls, at) },
		// OPTIONS * is a call like any other: refused, and recorded.
		DisableGeneralOptionsHandler: true,
	}, d
}

// http2Limits bounds what one HTTP/2 connection may hold: streams, a frame, what was
// received and not yet read; and ends one whose peer is gone or does not read.
func http2Limits() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          100,
		MaxReadFrameSize:              16 << 10,
		MaxReceiveBufferPerConnection: 256 << 10,
		MaxReceiveBufferPerStream:     128 << 10,
		SendPingTimeout:               30 * time.Second,
		PingTimeout:                   15 * time.Second,
		WriteByteTimeout:              time.Minute,
	}
}

// doorConfig says what the listener lets in: what the file gives, and else what fits.
func (s *server) doorConfig(l routes.Listener, room door.Room) door.Config {
	c := door.Config{
		Connections: cmp.Or(l.MaxConnections, room.Connections), Calls: cmp.Or(l.MaxCalls, room.Calls),
		Unread: room.Unread, MaxHeader: int64(l.MaxHeader),
		Busy: func(r *http.Request, network bool) *http.Request {
			f := fault.New(fault.Busy, "as many calls as the broker takes are running (the listener's max_calls)")
			if network {
				f = fault.New(fault.Busy, "as many calls as one network may have are running (the listener's per_network.calls)")
			}
			return proxy.Refused(r, f.After(time.Second))
		},
		Refused: s.tally.Handshake, Metrics: s.deps.Metrics, Log: s.log, Now: s.now,
	}
	c.Network = door.Network{
		Connections: cmp.Or(l.PerNetwork.Connections, quarter(c.Connections)), Calls: cmp.Or(l.PerNetwork.Calls, quarter(c.Calls)),
		Handshakes: rate.Limit(l.PerNetwork.Handshakes.PerSecond()), Burst: l.PerNetwork.Burst,
		IPv4: l.PerNetwork.IPv4, IPv6: l.PerNetwork.IPv6,
	}
	for _, n := range l.Exempt {
		c.Exempt = append(c.Exempt, n.Prefix)
	}
	s.log.Info("front door", "address", l.Address, "max_connections", c.Connections, "max_calls", c.Calls,
		"per_network_connections", c.Network.Connections, "per_network_calls", c.Network.Calls)
	return c
}

func quarter(n int) int { return max(1, n/4) }
