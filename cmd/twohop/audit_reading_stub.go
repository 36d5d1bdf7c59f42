package main

import "context"

func recordReading(ctx context.Context, e *env, in *invocation, file, command, filter string) error {
	return nil
}
