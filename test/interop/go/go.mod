module peerkit.example/interop

go 1.21
