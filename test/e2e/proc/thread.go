package proc

import (
	"os/exec"
	"runtime"
	"sync"
)

// starter is one goroutine on one thread that never ends: Pdeathsig fires when the thread that started a child goes,
// not the process, and Go's runtime ends idle threads at will.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func startOnOwnThread(cmd *exec.Cmd) error {
	result := make(chan error)
	starter() <- func() { result <- cmd.Start() }
	return <-result
}
