// Kernels write every byte that they read of their stack buffers: clearing them first would be paid for on each call.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
