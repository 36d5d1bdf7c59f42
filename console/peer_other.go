//go:build !linux

package console

import "net"

// peerUser knows no way to ask here; the socket's mode still keeps others out.
func peerUser(net.Conn) string { return "" }
