package target

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

// errForbidden marks an address that no route may reach.
var errForbidden = errors.New("link-local, multicast and metadata addresses are refused")

// metadata are the cloud metadata services outside the link-local range: Azure's wire
// server, Alibaba's, Oracle's, and the IPv6 forms of EC2's and EKS's.
var metadata = []netip.Addr{netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd00:ec2::23")}

// nat64 is the prefix whose addresses hold an IPv4 address in their last four bytes
// (RFC 6052, section 2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// permit is a net.Dialer's Control: it refuses addresses after DNS, so that a name
// cannot lead there either.
func permit(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := ap.Addr().Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || slices.Contains(metadata, ip) {
		return errForbidden
	}
	return nil
}
