using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

// Blocks of matrices into panels that a kernel reads in order.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // 64 bytes.
    private const int FloatsPerLine = 16;

    // Short pieces of rows that lie far apart: the processor does not see the pattern, and asking this many rows ahead hides the way to memory.
    private const int RowsAhead = 8;

    /// <summary>
    /// Rows [first, last) of a matrix [depth, columns] into panels of columns, each [depth, its width]: the last panel is as wide as what is left, rounded up
    /// to <paramref name="unit"/> and padded with zeros.
    /// </summary>
    private static void PackPanels(float* source, int stride, int first, int last, int depth, int columns, int panelWidth, int unit, float* destination)
    {
        var whole = columns / panelWidth * panelWidth;
        var rest = columns - whole;
        var restWidth = RoundUp(rest, unit);
        for (var k = first; k < last; k++)
        {
            var row = source + (long)k * stride;
            if (k + RowsAhead < last) PrefetchRow(row + (long)RowsAhead * stride, columns);
            for (var c = 0; c < whole; c += panelWidth)
            {
                var panel = destination + (long)c * depth + (long)k * panelWidth;
                // Widths are multiples of 4.
                if (panelWidth % S.Width == 0)
                {
                    for (var j = 0; j < panelWidth; j += S.Width) S.Store(S.Load(row + c + j), panel + j);
                }
                else if (panelWidth == 8)
                {
                    Vector256.Store(Vector256.Load(row + c), panel);
                }
                else
                {
                    for (var j = 0; j < panelWidth; j += 4) Vector128.Store(Vector128.Load(row + c + j), panel + j);
                }
            }

            var tail = destination + (long)whole * depth + (long)k * restWidth;
            for (var j = 0; j < restWidth; j++) tail[j] = j < rest ? row[whole + j] : 0;
        }
    }

    /// <summary>destination[j, i] = source[i, j] for [rows, columns], padded with zeros to the destination's row width (a multiple of 4, at least rows).</summary>
    private static void PackTransposed(float* source, int stride, int rows, int columns, float* destination, int width)
    {
        var side = S.TransposeSide;
        var wholeRows = rows / side * side;
        var wholeColumns = columns / side * side;
        for (var i = 0; i < wholeRows; i += side)
        {
            for (var j = 0; j < wholeColumns; j += side)
            {
                S.Transpose(source + (long)i * stride + j, stride, destination + (long)j * width + i, width);
            }

            for (var j = wholeColumns; j < columns; j++)
            {
                for (var r = i; r < i + side; r++) destination[(long)j * width + r] = source[(long)r * stride + j];
            }
        }

        for (var i = wholeRows; i < width; i++)
        {
            if (i < rows)
            {
                for (var j = 0; j < columns; j++) destination[(long)j * width + i] = source[(long)i * stride + j];
            }
            else
            {
                for (var j = 0; j < columns; j++) destination[(long)j * width + i] = 0;
            }
        }
    }

    private static void PrefetchRow(float* row, int columns)
    {
        for (var c = 0; c < columns; c += FloatsPerLine) Prefetch(row + c);
    }

    /// <summary>A hint: this line will be read soon. Never faults.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
