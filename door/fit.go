package door

// Room is how much the doors of a broker may let in at a time.
type Room struct {
	Connections int
	Calls       int
	Unread      int64 // bytes
}

// What one of each costs in memory at most, rounded up from what make slow measures.
const (
	perConnection = 48 << 10  // TLS, a goroutine and buffers
	perCall       = 288 << 10 // with a header of 64 KiB, buffers full both ways and the second hop
	perUnread     = 3         // times what waits for its end
)

const (
	base        = 48 << 20 // the broker itself
	filesBeside = 100      // descriptors for all else: files, listeners, probes
)

// Fit returns the room of each of n listeners when the process may use memory bytes and
// files descriptors; 0 stands for one that is not known. Of the memory beside what the
// broker itself needs, a quarter is left for the collector to work with; of the rest, two
// fifths are for connections, two fifths for calls, and one for what is not yet a request.
func Fit(memory, files int64, n int) Room {
	if memory <= 0 {
		memory = 2 << 30
	}
	if files <= 0 {
		files = 65536
	}
	share := max(memory-base, base) * 3 / 4 / 5 / int64(n)
	calls := min(2*share/perCall, (files-filesBeside)/4/int64(n), 20_000)
	connections := min(2*share/perConnection, (files-filesBeside)/int64(n)-calls, 100_000)
	return Room{Connections: int(max(connections, 40)), Calls: int(max(calls, 40)), Unread: max(share/perUnread, 1<<20)}
}
