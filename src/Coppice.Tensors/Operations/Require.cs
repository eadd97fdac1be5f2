using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>Checks of shapes. A wrong shape is a mistake in a model, found on its first step.</summary>
internal static class Require
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void That(bool condition, string operation, Shape first, Shape second)
    {
        if (!condition) Fail(operation, first, second);
    }

    private static void Fail(string operation, Shape first, Shape second) =>
        throw new ArgumentException($"{operation}: the shapes {first} and {second} do not fit together.");
}
