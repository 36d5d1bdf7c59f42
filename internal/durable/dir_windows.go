package durable

// SyncDir does nothing: Windows has no fsync of a directory, and NTFS journals
// the rename itself.
func SyncDir(string) error { return nil }
