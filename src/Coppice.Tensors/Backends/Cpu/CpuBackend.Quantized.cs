using System.Runtime.Intrinsics;

namespace Coppice.Tensors;

// Products with quantised weights. Which kernel computes is the processor's matter: all give the same bits.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // Outputs of an item: whole groups, and enough of them that a row of sums is a few cache lines.
    private const int OutputsPerItem = 64;

    // Blocks that several rows of activations meet before the next ones' turn: those of 32 outputs stay in the nearest cache.
    private const int BlocksPerPass = 16;

    public override void Multiply(in QuantizedProduct product)
    {
        if (product.M == 0) return;
        if (typeof(S) == typeof(Simd128)) Multiply<IntegerSimd128, Vector128<int>>(product);
        else if (IntegerSimdVnni.IsSupported) Multiply<IntegerSimdVnni, Vector256<int>>(product);
        else if (typeof(S) == typeof(Simd512) && IntegerSimd512.IsSupported) Multiply<IntegerSimd512, Vector512<int>>(product);
        else Multiply<IntegerSimd256, Vector256<int>>(product);
    }

    public override void Gather(int rows, int* ids, in QuantizedWeights table, float* y)
    {
        var job = new QuantizedGatherJob { Rows = rows, Ids = ids, Table = table, Y = y, RowsPerItem = RowsPerItem(table.Columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void Dequantize(int firstRow, int rows, in QuantizedWeights weights, float* y)
    {
        var job = new DequantizeJob { FirstRow = firstRow, Rows = rows, Weights = weights, Y = y, RowsPerItem = RowsPerItem(weights.Columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    private void Multiply<I, TVector>(in QuantizedProduct product)
        where I : struct, IIntegerSimd<TVector>
        where TVector : unmanaged
    {
        if (product.Weights.Type == QuantizedType.Int8) Multiply<I, TVector, ByteLevels>(product);
        else Multiply<I, TVector, HalfByteLevels>(product);
    }

    private void Multiply<I, TVector, L>(in QuantizedProduct product)
        where I : struct, IIntegerSimd<TVector>
        where TVector : unmanaged
        where L : struct, ILevels
    {
        _shared.Reserve(ActivationBlocks.Bytes(product.M, product.K, I.QuadBytes));
        var activations = new ActivationBlocks((void*)_shared.Address, product.M, product.K, I.QuadBytes);
        var quantize = new QuantizeJob { Product = product, Activations = activations, RowsPerItem = RowsPerItem(product.K) };
        var multiply = new QuantizedProductJob<I, TVector, L> { Product = product, Activations = activations };
        ReserveScratch(RowsPerChunk * OutputsPerItem * sizeof(float));
        fixed (Scratch* scratch = _scratch)
        {
            multiply.Workers = scratch;
            RunOrShare(ref quantize, (product.M + quantize.RowsPerItem - 1) / quantize.RowsPerItem, (long)product.M * product.K);
            RunOrShare(ref multiply, multiply.ItemsN * ((product.M + RowsPerChunk - 1) / RowsPerChunk), (long)product.M * product.N * product.K);
        }
    }

    /// <summary>Runs a job, on this thread alone where it is too small to share.</summary>
    private void RunOrShare<TJob>(ref TJob job, int items, long work)
        where TJob : unmanaged, IJob
    {
        if (work >= SequentialWork)
        {
            _pool.Run(ref job, items);
            return;
        }

        for (var item = 0; item < items; item++) job.Run(item, 0);
    }

    private struct QuantizeJob : IJob
    {
        public QuantizedProduct Product;
        public ActivationBlocks Activations;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Product.M, (item + 1) * RowsPerItem);
            for (var row = item * RowsPerItem; row < last; row++) Activations.Quantize(row, Product.A + (long)row * Product.K);
        }
    }

    private struct QuantizedProductJob<I, TVector, L> : IJob
        where I : struct, IIntegerSimd<TVector>
        where TVector : unmanaged
        where L : struct, ILevels
    {
        public QuantizedProduct Product;
        public ActivationBlocks Activations;
        public Scratch* Workers;

        public readonly int ItemsN => (Product.N + OutputsPerItem - 1) / OutputsPerItem;

        public readonly void Run(int item, int worker)
        {
            var (chunk, part) = Math.DivRem(item, ItemsN);
            var (firstRow, firstOutput) = (chunk * RowsPerChunk, part * OutputsPerItem);
            var rows = Math.Min(RowsPerChunk, Product.M - firstRow);
            var sums = (float*)Workers[worker].Address;
            new Span<float>(sums, rows * OutputsPerItem).Clear();
            // A few rows read every weight once or twice: from front to end.
            var step = rows <= 4 ? Activations.Blocks : BlocksPerPass;
            for (var block = 0; block < Activations.Blocks; block += step)
                AddBlocks(firstRow, rows, firstOutput, block, Math.Min(step, Activations.Blocks - block), sums);
            Store(firstRow, rows, firstOutput, sums);
        }

        private readonly void AddBlocks(int firstRow, int rows, int firstOutput, int block, int blocks, float* sums)
        {
            // The last group's rows are all there, those behind the matrix with the value 0; a second slice behind it is not.
            var outputs = Math.Min(OutputsPerItem, QuantizedLayout.Groups(Product.N) * QuantizedLayout.GroupRows - firstOutput);
            for (var output = 0; output < outputs; output += 2 * I.Width)
            {
                var slice0 = QuantizedSlice.Of(Product.Weights, firstOutput + output, block);
                var slice1 = output + I.Width < outputs ? QuantizedSlice.Of(Product.Weights, firstOutput + output + I.Width, block) : slice0;
                var row = 0;
                for (; row <= rows - 4; row += 4)
                    QuantizedTile<I, TVector, L>.FourRows(Activations, firstRow + row, block, blocks, slice0, slice1, sums + row * OutputsPerItem + output, OutputsPerItem);
                for (; row < rows; row++)
                    QuantizedTile<I, TVector, L>.OneRow(Activations, firstRow + row, block, blocks, slice0, slice1, sums + row * OutputsPerItem + output);
            }
        }

        private readonly void Store(int firstRow, int rows, int firstOutput, float* sums)
        {
            var outputs = Math.Min(OutputsPerItem, Product.N - firstOutput);
            var bias = Product.Bias == null ? null : Product.Bias + firstOutput;
            for (var row = 0; row < rows; row++, sums += OutputsPerItem)
            {
                var at = (long)(firstRow + row) * Product.N + firstOutput;
                var c = Product.C + at;
                var residual = Product.Residual == null ? null : Product.Residual + at;
                for (var n = 0; n < outputs; n++)
                {
                    var value = sums[n];
                    if (bias != null) value += bias[n];
                    if (residual != null) value += residual[n];
                    c[n] = value;
                }
            }
        }
    }

    private struct QuantizedGatherJob : IJob
    {
        public int Rows;
        public int* Ids;
        public QuantizedWeights Table;
        public float* Y;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var row = item * RowsPerItem; row < last; row++) QuantizedLayout.Values(Table, Ids[row], Y + (long)row * Table.Columns);
        }
    }

    private struct DequantizeJob : IJob
    {
        public int FirstRow;
        public int Rows;
        public QuantizedWeights Weights;
        public float* Y;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var row = item * RowsPerItem; row < last; row++) QuantizedLayout.Values(Weights, FirstRow + row, Y + (long)row * Weights.Columns);
        }
    }
}
