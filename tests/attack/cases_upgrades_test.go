//go:build linux

package attack

// upgrades ask for another protocol, behind which nothing would be checked.
func upgrades() family {
	with := func(lines ...string) string { return req("GET /open/a", lines...) }
	plain := passed("GET /open/a").without("Upgrade", "Connection")
	h2c := []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}
	ws := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	return family{"Upgrade", "A tunnel that a target agrees to is out of the front's sight.", []attack{
		{name: "h2c", send: with(h2c...), want: plain.without("Upgrade", "Connection", "HTTP2-Settings"), nginx: "passes HTTP2-Settings on, without the upgrade", haproxy: passesUpgrade},
		{name: "h2c, not named in Connection", send: with(h2c[1:]...), want: plain, haproxy: passesUpgrade},
		{name: "h2c with a request behind it", send: with(h2c...) + hidden, want: plain.then("GET /open/hidden"), haproxy: passesUpgrade},
		{name: "h2c in a POST", send: req("POST /open/a", append(h2c, "Content-Length: 5")...) + "hello", want: passed("POST /open/a").body("hello").without("Upgrade", "Connection"), haproxy: "passes Connection on, without the upgrade"},
		{name: "websocket", send: with(ws...), want: plain, haproxy: passesUpgrade},
		{name: "websocket in capitals", send: with("Connection: UPGRADE", "Upgrade: WebSocket"), want: plain, haproxy: "refuses a websocket without a key"},
		{name: "websocket, wrong version", send: with("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 777", ws[3]), want: plain, haproxy: passesUpgrade},
		{name: "websocket and h2c", send: with("Connection: Upgrade", "Upgrade: websocket, h2c"), want: plain, haproxy: "refuses a websocket without a key"},
		{name: "websocket with a request behind it", send: with(ws...) + hidden, want: plain.then("GET /open/hidden"), haproxy: passesUpgrade},
		{name: "TLS", send: with("Connection: Upgrade", "Upgrade: TLS/1.2"), want: plain, haproxy: passesUpgrade},
		{name: "something else", send: with("Connection: upgrade", "Upgrade: gopher"), want: plain, haproxy: passesUpgrade},
	}}
}
