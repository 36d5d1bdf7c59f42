package main

import (
	"errors"
	"io/fs"
	"os"

	"twohop/audit/trail"
	"twohop/routes"
)

func auditCommand() *command {
	return &command{
		name:  "audit",
		about: "verify, search and export the audit log",
		long:  "Start with: twohop audit verify",
		group: []*command{auditShowCommand(), auditTailCommand(), auditExportCommand(), auditVerifyCommand(), auditIndexCommand(), auditKeysCommand(), auditPruneCommand(), auditRebuildCommand(), auditHMACCommand(), auditInitCommand()},
	}
}

// auditDir returns the directory of the audit log that the nth argument names: itself, or
// audit.dir of a routes.yaml. Without the argument it is that of ./routes.yaml, or ./audit.
// file is the routes.yaml, "" for none.
func auditDir(e *env, in *invocation, n int) (dir, file string, err error) {
	name := "routes.yaml"
	if len(in.args) > n {
		name = in.args[n]
	} else if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		name = "audit"
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", "", hinted{err, "name the directory of the audit log, or the routes.yaml of its broker"}
	}
	if info.IsDir() {
		return name, "", nil
	}
	t, err := load(name, e.now())
	var mistakes routes.ErrorList // the audit log is that of the file, whatever else is wrong with it
	if err != nil && !errors.As(err, &mistakes) {
		return "", "", err
	}
	return string(t.Audit.Dir), name, nil
}

// auditLogs returns the logs of a directory that has some.
func auditLogs(dir string) ([]trail.Log, error) {
	logs, err := trail.Logs(dir)
	if err == nil && len(logs) == 0 {
		err = hinted{errors.New("there is no audit log in " + dir), "twohop audit init makes one; so does the broker when it starts"}
	}
	return logs, err
}
