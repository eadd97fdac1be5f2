using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>Loads and stores of the last few values of a row: padded through the stack, so that no kernel has a scalar tail.</summary>
internal static unsafe class Lanes<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    /// <summary>The first <paramref name="count"/> lanes from memory, the others <paramref name="padding"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static V LoadPart(float* source, int count, float padding = 0)
    {
        var buffer = stackalloc float[16];
        for (var i = 0; i < S.Width; i++) buffer[i] = i < count ? source[i] : padding;
        return S.Load(buffer);
    }

    /// <summary>Writes the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StorePart(V value, float* destination, int count)
    {
        var buffer = stackalloc float[16];
        S.Store(value, buffer);
        for (var i = 0; i < count; i++) destination[i] = buffer[i];
    }
}
