using System.Runtime.InteropServices;

namespace Coppice.Tensors;

// Sums over rows, strided copies, transposition.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // Columns that one item sums: a multiple of every vector width, so that a column's lane does not depend on the split.
    private const int ColumnsPerItem = 64;

    public override void AddColumnSums(int rows, int columns, float* x, float* sums)
    {
        var job = new ColumnSumsJob { Rows = rows, Columns = columns, X = x, Sums = sums };
        _pool.Run(ref job, (columns + ColumnsPerItem - 1) / ColumnsPerItem);
    }

    public override void CopyMatrix(int rows, int columns, float* source, int sourceStride, float* destination, int destinationStride, bool accumulate)
    {
        var job = new CopyMatrixJob
        {
            Rows = rows,
            Columns = columns,
            Source = source,
            SourceStride = sourceStride,
            Destination = destination,
            DestinationStride = destinationStride,
            Accumulate = accumulate,
            RowsPerItem = RowsPerItem(columns),
        };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void Transpose(int rows, int columns, float* source, float* destination, bool accumulate)
    {
        var job = new TransposeJob { Rows = rows, Columns = columns, Source = source, Destination = destination, Accumulate = accumulate };
        _pool.Run(ref job, (columns + ColumnsPerItem - 1) / ColumnsPerItem);
    }

    /// <summary>y[i] += x[i].</summary>
    private static void AddTo(float* x, float* y, long count)
    {
        var i = 0L;
        for (; i <= count - S.Width; i += S.Width) S.Store(S.Add(S.Load(x + i), S.Load(y + i)), y + i);
        for (; i < count; i++) y[i] += x[i];
    }

    private struct ColumnSumsJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Sums;

        public readonly void Run(int item, int worker)
        {
            var first = item * ColumnsPerItem;
            var count = Math.Min(ColumnsPerItem, Columns - first);
            var sums = stackalloc float[ColumnsPerItem];
            new Span<float>(sums, count).Clear();
            for (var r = 0; r < Rows; r++) AddTo(X + (long)r * Columns + first, sums, count);
            AddTo(sums, Sums + first, count);
        }
    }

    private struct CopyMatrixJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* Source;
        public int SourceStride;
        public float* Destination;
        public int DestinationStride;
        public bool Accumulate;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var first = item * RowsPerItem;
            var last = Math.Min(Rows, first + RowsPerItem);
            for (var r = first; r < last; r++)
            {
                var source = Source + (long)r * SourceStride;
                var destination = Destination + (long)r * DestinationStride;
                if (Accumulate) AddTo(source, destination, Columns);
                else NativeMemory.Copy(source, destination, (nuint)Columns * sizeof(float));
            }
        }
    }

    private struct TransposeJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* Source;
        public float* Destination;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Columns, (item + 1) * ColumnsPerItem);
            var first = item * ColumnsPerItem;
            if (!Accumulate)
            {
                PackTransposed(Source + first, Columns, Rows, last - first, Destination + (long)first * Rows, Rows);
                return;
            }

            for (var c = first; c < last; c++)
            {
                var destination = Destination + (long)c * Rows;
                for (var r = 0; r < Rows; r++) destination[r] += Source[(long)r * Columns + c];
            }
        }
    }
}
