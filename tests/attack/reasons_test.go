//go:build linux

package attack

// Why a peer differs, where it is so in several cases. The page puts the peer's name first.
const (
	refusesFolds     = "refuses a folded field; twohop makes one line of it, as RFC 9112, section 5.2, lets a proxy do"
	refusesBoth      = "refuses a length beside chunks; twohop drops the length, as RFC 9112, section 6.3, has it: what it sends has one reading"
	refusesOld       = "refuses chunks in HTTP/1.0; net/http hides them from twohop, which sends on what the length says, with a length"
	passesOld        = "passes the chunks on in HTTP/1.0, where RFC 9112, section 6.1, says that the framing is faulty"
	takesLF          = "takes a bare LF for CRLF in chunks"
	takesZeros       = "takes any number of zeros; twohop 16 digits"
	takesLong        = "sets no limit to what stands behind the size"
	takesBlankLine   = "takes empty lines before a request, as RFC 9112, section 2.2, advises for old clients"
	passesTrailers   = "passes every trailer on; twohop those that were announced, and none that a target could take for a field that was checked"
	dropsTrailers    = "drops trailers unread; twohop reads them, and refuses what is none"
	ignoresTrailer   = "looks at no announcement, and drops trailers"
	passesVersion    = "passes the version on; twohop always speaks 1.1"
	passesControl    = "passes the byte on"
	passesMethods    = "passes on any method that it is not told to refuse; twohop those of the route"
	passesPath       = "passes the path on as it came; twohop refuses a path with two readings"
	pastTheKey       = "passes the path on as it came, past the rule for /keyed/"
	escapesNothing   = "passes the bytes on; twohop escapes them in a path and refuses them in a query"
	passesClaims     = "passes on what the caller claims; twohop drops it"
	addsToClaims     = "adds to what the caller claims; twohop drops it"
	passesHop        = "does not take off what Connection names"
	passesKeys       = "passes it on; for twohop the caller's credentials end at the broker"
	passesUnderbar   = "passes on names with an underscore, which CGI takes for the one with a hyphen"
	passesUpgrade    = "passes the upgrade on, and would tunnel after a 101"
	dropsQuietly     = "drops the field and serves the call; RFC 9113, section 8.2.2, has it refused"
	keepsAfterChunks = "keeps the connection after chunks; twohop ends it, because somebody before it may have read a length beside them"
	passesProxy      = "passes it on; CGI programs take it for their proxy's address"
	smallBuffer      = "has a smaller limit; twohop's is max_header, 64 KiB"
)
