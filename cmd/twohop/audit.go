package main

func auditCommand() *command {
	return &command{
		name:  "audit",
		about: "verify, search and export the audit log",
		long:  "Start with: twohop audit verify",
		group: []*command{},
	}
}
