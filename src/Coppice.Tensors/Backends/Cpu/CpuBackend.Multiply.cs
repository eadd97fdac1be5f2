using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

// The matrix product, after Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication"): blocks of both matrices are packed
// into panels that the innermost loop reads in order. All threads pack a block of B together; then each takes chunks of rows of A, packs
// them for itself and multiplies. An output is summed in order of k, in equal blocks of at most BlockK, by one thread: its bits depend on
// the shape only.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // A chunk of A (RowsPerChunk x BlockK floats) and a panel of B (BlockK x PanelWidth) stay in the second-level cache while they are multiplied.
    // A block of B (BlockK x BlockN) is read once for each chunk, so it may come from the third; wide, so that few chunks are packed twice.
    // BlockN is a multiple of every kernel's panel width.
    private const int BlockK = 512;
    private const int BlockN = 1536;
    private const int RowsPerChunk = 64;

    // A result of this many values (16 MiB) is not in a cache when it is written.
    private const long LargeResult = 1 << 22;

    // Below this many multiplications a second thread costs more than it brings.
    private const long SequentialWork = 1 << 16;

    private static int PanelWidth => 3 * S.Width;

    public override void Multiply(in MatrixProduct product)
    {
        if (product.M == 0 || product.N == 0) return;
        if (product.K == 0)
        {
            FillWithoutProduct(product);
            return;
        }

        if (product.M < S.KernelRows / 2 && !product.TransposeA)
        {
            MultiplyFewRows(product);
            return;
        }

        var depth = EvenPart(product.K, BlockK, S.Width);
        var width = EvenPart(product.N, BlockN, PanelWidth);
        _shared.Reserve((long)depth * RoundUp(width, S.Width) * sizeof(float));
        ReserveScratch(((long)depth * RowsPerChunk + S.KernelRows * PanelWidth) * sizeof(float));
        for (var n = 0; n < product.N; n += width)
        {
            for (var k = 0; k < product.K; k += depth)
            {
                var block = new ProductBlock
                {
                    Product = product,
                    StartN = n,
                    CountN = Math.Min(width, product.N - n),
                    StartK = k,
                    CountK = Math.Min(depth, product.K - k),
                    PackedB = (float*)_shared.Address,
                };
                PackB(block);
                MultiplyBlock(block);
            }
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>The size of the fewest equal parts of at most <paramref name="most"/>: a multiple of <paramref name="unit"/> where there are several.</summary>
    private static int EvenPart(int total, int most, int unit)
    {
        var parts = (total + most - 1) / most;
        return parts == 1 ? total : RoundUp((total + parts - 1) / parts, unit);
    }

    private void PackB(in ProductBlock block)
    {
        // Shared out so that each thread reads what lies together: whole rows of B, or of its transpose.
        var job = new PackBJob { Block = block };
        var items = block.Product.TransposeB ? (block.CountN + PanelWidth - 1) / PanelWidth : (block.CountK + PackBJob.RowsPerItem - 1) / PackBJob.RowsPerItem;
        if ((long)block.CountN * block.CountK < SequentialWork / 8)
        {
            for (var item = 0; item < items; item++) job.Run(item, 0);
            return;
        }

        _pool.Run(ref job, items);
    }

    private void MultiplyBlock(in ProductBlock block)
    {
        var job = new ProductJob { Block = block };
        var chunksM = (block.Product.M + RowsPerChunk - 1) / RowsPerChunk;
        // Few rows: let the threads share the columns too.
        var panels = (block.CountN + PanelWidth - 1) / PanelWidth;
        job.SplitsN = chunksM >= 2 * Threads ? 1 : Math.Min(panels, (2 * Threads + chunksM - 1) / chunksM);
        job.PanelsPerSplit = (panels + job.SplitsN - 1) / job.SplitsN;
        fixed (Scratch* scratch = _scratch)
        {
            job.Workers = scratch;
            var items = chunksM * job.SplitsN;
            if ((long)block.Product.M * block.CountN * block.CountK < SequentialWork)
            {
                for (var item = 0; item < items; item++) job.Run(item, 0);
                return;
            }

            _pool.Run(ref job, items);
        }
    }

    /// <summary>K = 0: the product is zero, and bias and residual remain.</summary>
    private static void FillWithoutProduct(in MatrixProduct p)
    {
        for (var m = 0; m < p.M; m++)
        {
            var c = p.C + (long)m * p.StrideC;
            for (var n = 0; n < p.N; n++)
            {
                c[n] = (p.Accumulate ? c[n] : 0f) + (p.Bias != null ? p.Bias[n] : 0f) + (p.Residual != null ? p.Residual[(long)m * p.StrideC + n] : 0f);
            }
        }
    }

    private struct ProductBlock
    {
        public MatrixProduct Product;
        public int StartN;
        public int CountN;
        public int StartK;
        public int CountK;

        // Panels of PanelWidth columns, the last one narrower: panel p starts at p * PanelWidth * CountK and is [CountK, its width].
        public float* PackedB;
    }

    private struct PackBJob : IJob
    {
        public const int RowsPerItem = 32;

        public ProductBlock Block;

        public readonly void Run(int item, int worker)
        {
            ref readonly var p = ref Block.Product;
            if (p.TransposeB)
            {
                var first = item * PanelWidth;
                var columns = Math.Min(PanelWidth, Block.CountN - first);
                var source = p.B + (long)(Block.StartN + first) * p.StrideB + Block.StartK;
                PackTransposed(source, p.StrideB, columns, Block.CountK, Block.PackedB + (long)first * Block.CountK, RoundUp(columns, S.Width));
            }
            else
            {
                var first = item * RowsPerItem;
                var last = Math.Min(Block.CountK, first + RowsPerItem);
                PackPanels(p.B + (long)Block.StartK * p.StrideB + Block.StartN, p.StrideB, first, last, Block.CountK, Block.CountN, PanelWidth, S.Width, Block.PackedB);
            }
        }
    }

    private struct ProductJob : IJob
    {
        public ProductBlock Block;
        public int SplitsN;
        public int PanelsPerSplit;
        public Scratch* Workers;

        private readonly bool AddsToC => Block.Product.Accumulate || Block.StartK > 0;

        public readonly void Run(int item, int worker)
        {
            ref readonly var p = ref Block.Product;
            var firstRow = item / SplitsN * RowsPerChunk;
            var rows = Math.Min(RowsPerChunk, p.M - firstRow);
            var firstColumn = item % SplitsN * PanelsPerSplit * PanelWidth;
            var lastColumn = Math.Min(Block.CountN, firstColumn + PanelsPerSplit * PanelWidth);
            if (firstColumn >= lastColumn) return;
            var packedA = (float*)Workers[worker].Address;
            var tile = packedA + (long)RowsPerChunk * Block.CountK;
            PackA(firstRow, rows, packedA);
            var farC = AddsToC || (long)p.M * p.N >= LargeResult;
            for (var column = firstColumn; column < lastColumn; column += PanelWidth)
            {
                var columns = Math.Min(PanelWidth, Block.CountN - column);
                var vectors = (columns + S.Width - 1) / S.Width;
                var packedB = Block.PackedB + (long)column * Block.CountK;
                for (var r = 0; r < rows; r += S.KernelRows)
                {
                    var tileRows = Math.Min(S.KernelRows, rows - r);
                    if (farC) PrefetchTile(firstRow + r, tileRows, Block.StartN + column, columns);
                    if (S.KernelRows == 8) Tiles8<S, V>.Multiply(vectors, Block.CountK, packedA + (long)r * Block.CountK, packedB, tile);
                    else Tiles4<S, V>.Multiply(vectors, Block.CountK, packedA + (long)r * Block.CountK, packedB, tile);
                    StoreTile(firstRow + r, tileRows, Block.StartN + column, columns, tile, vectors * S.Width);
                }
            }
        }

        private readonly void PackA(int firstRow, int rows, float* destination)
        {
            ref readonly var p = ref Block.Product;
            if (p.TransposeA)
            {
                PackPanels(p.A + (long)Block.StartK * p.StrideA + firstRow, p.StrideA, 0, Block.CountK, Block.CountK, rows, S.KernelRows, S.KernelRows, destination);
                return;
            }

            for (var r = 0; r < rows; r += S.KernelRows)
            {
                var source = p.A + (long)(firstRow + r) * p.StrideA + Block.StartK;
                PackTransposed(source, p.StrideA, Math.Min(S.KernelRows, rows - r), Block.CountK, destination + (long)r * Block.CountK, S.KernelRows);
            }
        }

        /// <summary>Asks for the outputs of a tile before it is computed, so that they are near when the tile is stored.</summary>
        private readonly void PrefetchTile(int row, int rows, int column, int columns)
        {
            ref readonly var p = ref Block.Product;
            var c = p.C + (long)row * p.StrideC + column;
            for (var r = 0; r < rows; r++, c += p.StrideC)
            {
                for (var n = 0; n < columns; n += FloatsPerLine) Prefetch(c + n);
            }
        }

        /// <summary>Adds what belongs to the outputs of a tile, and writes them.</summary>
        private readonly void StoreTile(int row, int rows, int column, int columns, float* tile, int tileStride)
        {
            ref readonly var p = ref Block.Product;
            var first = Block.StartK == 0;
            var accumulate = AddsToC;
            var bias = first && p.Bias != null ? p.Bias + column : null;
            var whole = columns / S.Width * S.Width;
            for (var r = 0; r < rows; r++)
            {
                var c = p.C + (long)(row + r) * p.StrideC + column;
                var residual = first && p.Residual != null ? p.Residual + (long)(row + r) * p.StrideC + column : null;
                var t = tile + (long)r * tileStride;
                for (var n = 0; n < whole; n += S.Width)
                {
                    var value = S.Load(t + n);
                    if (accumulate) value = S.Add(value, S.Load(c + n));
                    if (bias != null) value = S.Add(value, S.Load(bias + n));
                    if (residual != null) value = S.Add(value, S.Load(residual + n));
                    S.Store(value, c + n);
                }

                for (var n = whole; n < columns; n++)
                {
                    var value = t[n];
                    if (accumulate) value += c[n];
                    if (bias != null) value += bias[n];
                    if (residual != null) value += residual[n];
                    c[n] = value;
                }
            }
        }
    }

    // A few rows (generation, one token at a time): nothing is packed, since every weight is used once or twice and reading it is the cost.
    private void MultiplyFewRows(in MatrixProduct product)
    {
        var job = new FewRowsJob { Product = product };
        // Of a weight that lies row by row, wider pieces: what is read of a row lies together.
        job.ColumnsPerItem = product.TransposeB ? 64 : 128;
        var items = (product.N + job.ColumnsPerItem - 1) / job.ColumnsPerItem;
        if ((long)product.M * product.N * product.K < SequentialWork)
        {
            for (var item = 0; item < items; item++) job.Run(item, 0);
            return;
        }

        _pool.Run(ref job, items);
    }

    private struct FewRowsJob : IJob
    {
        public MatrixProduct Product;
        public int ColumnsPerItem;

        public readonly void Run(int item, int worker)
        {
            var first = item * ColumnsPerItem;
            var columns = Math.Min(ColumnsPerItem, Product.N - first);
            var sums = stackalloc float[columns + 16];
            for (var m = 0; m < Product.M; m++)
            {
                var a = Product.A + (long)m * Product.StrideA;
                if (Product.TransposeB)
                {
                    for (var n = 0; n < columns; n++) sums[n] = Dot(a, Product.B + (long)(first + n) * Product.StrideB, Product.K);
                }
                else
                {
                    SumRows(a, first, columns, sums);
                }

                var c = Product.C + (long)m * Product.StrideC + first;
                var residual = Product.Residual == null ? null : Product.Residual + (long)m * Product.StrideC + first;
                for (var n = 0; n < columns; n++)
                {
                    var value = sums[n];
                    if (Product.Accumulate) value += c[n];
                    if (Product.Bias != null) value += Product.Bias[first + n];
                    if (residual != null) value += residual[n];
                    c[n] = value;
                }
            }
        }

        /// <summary>sums[n] = Σ_k a[k] · B[k, first + n], in order of k.</summary>
        private readonly void SumRows(float* a, int first, int columns, float* sums)
        {
            new Span<float>(sums, columns).Clear();
            var k = 0;
            // Four rows at a time: four streams from memory, and a sum is loaded and stored once for four terms, still in order of k.
            for (; k <= Product.K - 4; k += 4) AddFourRows(a + k, Product.B + (long)k * Product.StrideB + first, Product.StrideB, columns, sums);
            for (; k < Product.K; k++) AddScaled(a[k], Product.B + (long)k * Product.StrideB + first, sums, columns);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddFourRows(float* a, float* b, int stride, int columns, float* sums)
        {
            var (b1, b2, b3) = ((nint)(b + stride), (nint)(b + 2L * stride), (nint)(b + 3L * stride));
            var (f0, f1, f2, f3) = (S.Create(a[0]), S.Create(a[1]), S.Create(a[2]), S.Create(a[3]));
            var n = 0;
            for (; n <= columns - S.Width; n += S.Width)
            {
                var sum = S.MultiplyAdd(f0, S.Load(b + n), S.Load(sums + n));
                sum = S.MultiplyAdd(f1, S.Load((float*)b1 + n), sum);
                sum = S.MultiplyAdd(f2, S.Load((float*)b2 + n), sum);
                S.Store(S.MultiplyAdd(f3, S.Load((float*)b3 + n), sum), sums + n);
            }

            for (; n < columns; n++) sums[n] += a[0] * b[n] + a[1] * ((float*)b1)[n] + a[2] * ((float*)b2)[n] + a[3] * ((float*)b3)[n];
        }
    }

    /// <summary>Σ a[i] · b[i] with four partial sums a lane, to keep the multiply-add units busy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* a, float* b, int count)
    {
        V s0 = S.Zero, s1 = S.Zero, s2 = S.Zero, s3 = S.Zero;
        var i = 0;
        for (; i <= count - 4 * S.Width; i += 4 * S.Width)
        {
            s0 = S.MultiplyAdd(S.Load(a + i), S.Load(b + i), s0);
            s1 = S.MultiplyAdd(S.Load(a + i + S.Width), S.Load(b + i + S.Width), s1);
            s2 = S.MultiplyAdd(S.Load(a + i + 2 * S.Width), S.Load(b + i + 2 * S.Width), s2);
            s3 = S.MultiplyAdd(S.Load(a + i + 3 * S.Width), S.Load(b + i + 3 * S.Width), s3);
        }

        for (; i <= count - S.Width; i += S.Width) s0 = S.MultiplyAdd(S.Load(a + i), S.Load(b + i), s0);
        var sum = S.Sum(S.Add(S.Add(s0, s1), S.Add(s2, s3)));
        for (; i < count; i++) sum += a[i] * b[i];
        return sum;
    }
}
