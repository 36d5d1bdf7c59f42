package console

import (
	"net"
	"runtime"

	"golang.org/x/sys/windows"
)

// peerUser asks Windows who opened the pipe. It tells this only to a thread that has
// taken the client's place, after something was read (ImpersonateNamedPipeClient).
func peerUser(c net.Conn) string {
	pipe, ok := c.(interface{ Fd() uintptr })
	if !ok {
		return ""
	}
	found := make(chan string)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine and nothing else
		// can run in the client's place, even if the way back failed.
		runtime.LockOSThread()
		found <- impersonated(pipe.Fd())
	}()
	return <-found
}

func impersonated(pipe uintptr) string {
	impersonate := windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")
	if done, _, _ := impersonate.Call(pipe); done == 0 {
		return ""
	}
	var token windows.Token
	err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &token)
	if windows.RevertToSelf() != nil || err != nil {
		return ""
	}
	defer token.Close()
	who, err := token.GetTokenUser()
	if err != nil {
		return ""
	}
	account, domain, _, err := who.User.Sid.LookupAccount("")
	if err != nil {
		return who.User.Sid.String()
	}
	return domain + `\` + account
}
