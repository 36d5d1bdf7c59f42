package balance

import (
	"errors"
	"syscall"

	"twohop/internal/fault"
)

// verdict is what a call's end says about its endpoint.
type verdict int

const (
	served    verdict = iota // it answered
	silent                   // nothing: the caller, the broker or one of its limits ended the call
	unreached                // there was no connection, and so nothing was sent
	failed                   // there was a connection
)

// judge reads a fault. An endpoint is not blamed for what its caller or the broker did.
func judge(f *fault.Fault) verdict {
	switch f.Code {
	case fault.TargetName, fault.TargetRefused, fault.TargetForbidden, fault.TargetConnectTime, fault.ViaRefused,
		fault.TargetHandshakeTime, fault.TargetReset, fault.TargetVersion, fault.TargetSuite, fault.TargetNotTLS, fault.TargetHandshake,
		fault.TargetWantsCert, fault.TargetUntrusted, fault.TargetCertExpired, fault.TargetCertName, fault.TargetCertWeak, fault.TargetPin:
		return unreached
	case fault.TargetUnreachable:
		if errors.Is(f, syscall.EADDRNOTAVAIL) { // the broker's own address or ports
			return silent
		}
		return unreached
	case fault.TargetFirstByte, fault.TargetIdle, fault.OutcomeUnknown, fault.TargetClosed, fault.TargetBadAnswer, fault.TargetTruncated:
		return failed
	}
	return silent
}

// repeatable reports whether a call that ended in f may be sent to another endpoint
// without harm. After the request was sent, target.Do tells so: where a second one could
// do harm the code is OutcomeUnknown. A call that waited in vain is not made to wait
// again.
func repeatable(f *fault.Fault) bool {
	switch f.Code {
	case fault.TargetClosed, fault.TargetBadAnswer:
		return true
	case fault.TargetWantsCert: // IIS and SAP ask after the request
		return false
	}
	return judge(f) == unreached
}

// asFault returns the fault that err is, by the contract of target.Target.
func asFault(err error) *fault.Fault {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	return fault.New(fault.Internal, "the broker failed").Because(err)
}
