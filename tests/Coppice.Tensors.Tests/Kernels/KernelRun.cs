namespace Coppice.Tensors.Tests;

/// <summary>How far a float32 kernel may be from the reference.</summary>
public readonly record struct Tolerance(double Absolute, double Relative)
{
    /// <summary>A handful of roundings.</summary>
    public static Tolerance Default { get; } = new(1e-6, 2e-6);

    /// <summary>Copies and single roundings.</summary>
    public static Tolerance Exact { get; }

    /// <summary>Sums of <paramref name="terms"/> products of numbers of about 1.</summary>
    public static Tolerance Sum(long terms) => new(4e-6 * Math.Sqrt(terms + 1), 2e-6);

    public bool Allows(float expected, float actual) =>
        expected.Equals(actual) || Math.Abs((double)expected - actual) <= Absolute + Relative * Math.Abs(expected);
}

/// <summary>
/// One call of a kernel on one backend: hands out inputs, the same on every backend, and outputs; then checks that nothing but the outputs
/// was written. Data is surrounded by guards and lies at addresses that no vector is aligned to.
/// </summary>
public sealed unsafe class KernelRun(Backend backend, string label) : IDisposable
{
    private const int Guard = 65;

    // A NaN that no computation makes: what reads it shows it, and what overwrites it is seen.
    private const int Untouched = 0x7FC0BEEF;

    private static readonly float[] Pool = MakePool();

    private readonly List<Region> _regions = [];
    private readonly List<nint> _integers = [];
    private int _nextNormal;

    public Backend Backend { get; } = backend;

    /// <summary>Normally distributed numbers.</summary>
    public float* Input(long count, double scale = 1) => Input(1, checked((int)count), scale: scale);

    /// <summary>A matrix of normally distributed numbers.</summary>
    public float* Input(int rows, int columns, int stride = 0, double scale = 1) => Add(null, rows, columns, stride, Normals((long)rows * columns, scale), default);

    /// <summary>Chosen numbers.</summary>
    public float* Input(params float[] values) => Add(null, 1, values.Length, 0, values, default);

    /// <summary>Chosen integers.</summary>
    public int* Integers(params int[] values)
    {
        var pointer = (int*)Backend.Allocate(Math.Max(1, values.Length) * sizeof(int));
        _integers.Add((nint)pointer);
        Backend.CopyFromHost(values, pointer);
        return pointer;
    }

    /// <summary>An output of undefined content, or of random numbers where the kernel adds to it.</summary>
    public float* Output(string name, int rows, int columns, Tolerance tolerance, int stride = 0, bool accumulate = false) =>
        Add(name, rows, columns, stride, accumulate ? Normals((long)rows * columns) : null, tolerance);

    /// <summary>An output vector.</summary>
    public float* Output(string name, long count, Tolerance tolerance, bool accumulate = false) =>
        Output(name, 1, checked((int)count), tolerance, accumulate: accumulate);

    /// <summary>Numbers that the kernel changes in place.</summary>
    public float* InPlace(string name, Tolerance tolerance, params float[] values) => Add(name, 1, values.Length, 0, values, tolerance);

    /// <summary>The next normally distributed numbers.</summary>
    public float[] Normals(long count, double scale = 1)
    {
        var values = new float[count];
        for (var done = 0; done < count;)
        {
            var length = Math.Min(values.Length - done, Pool.Length - _nextNormal);
            Pool.AsSpan(_nextNormal, length).CopyTo(values.AsSpan(done));
            done += length;
            _nextNormal = (_nextNormal + length) % Pool.Length;
        }

        if (scale == 1) return values;
        foreach (ref var value in values.AsSpan()) value = (float)(scale * value);
        return values;
    }

    /// <summary>What the outputs hold now, once it is certain that nothing else was written.</summary>
    public IReadOnlyList<KernelOutput> Finish()
    {
        var outputs = new List<KernelOutput>();
        foreach (var region in _regions)
        {
            CheckUntouched(region);
            if (region.Name is null) continue;
            var values = new float[region.Rows * region.Columns];
            for (var r = 0; r < region.Rows; r++)
            {
                new ReadOnlySpan<float>(region.Data + (long)r * region.Stride, region.Columns).CopyTo(values.AsSpan(r * region.Columns));
            }

            outputs.Add(new KernelOutput(region.Name, region.Columns, values, region.Tolerance));
        }

        return outputs;
    }

    public void Dispose()
    {
        foreach (var region in _regions) Backend.Free(region.Data - Guard);
        foreach (var pointer in _integers) Backend.Free((void*)pointer);
    }

    /// <summary>Normally distributed numbers, made once; by Box and Muller.</summary>
    private static float[] MakePool()
    {
        var random = new Random(20240607);
        var pool = new float[300_007];
        for (var i = 0; i < pool.Length; i++)
        {
            pool[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return pool;
    }

    private float* Add(string? name, int rows, int columns, int stride, float[]? values, Tolerance tolerance)
    {
        if (stride == 0) stride = columns;
        var count = (long)rows * stride;
        var data = (float*)Backend.Allocate((count + 2 * Guard) * sizeof(float)) + Guard;
        new Span<int>(data - Guard, checked((int)count + 2 * Guard)).Fill(Untouched);
        for (var r = 0; values is not null && r < rows; r++)
        {
            values.AsSpan(r * columns, columns).CopyTo(new Span<float>(data + (long)r * stride, columns));
        }

        var before = new ReadOnlySpan<int>(data - Guard, checked((int)count + 2 * Guard)).ToArray();
        _regions.Add(new Region(name, data, rows, columns, stride, tolerance, before));
        return data;
    }

    private void CheckUntouched(Region region)
    {
        if (region.Name is null)
        {
            Check(region, -Guard, region.Rows * region.Stride + Guard);
            return;
        }

        // All but the rows: the guard before them, the gap after each, and the guard after the last.
        Check(region, -Guard, 0);
        for (var r = 0; r < region.Rows; r++) Check(region, r * region.Stride + region.Columns, (r + 1) * region.Stride);
        Check(region, region.Rows * region.Stride, region.Rows * region.Stride + Guard);
    }

    private void Check(Region region, int start, int end)
    {
        var now = new ReadOnlySpan<int>(region.Data + start, end - start);
        var difference = now.CommonPrefixLength(region.Before.AsSpan(start + Guard, end - start));
        if (difference == now.Length) return;
        Assert.Fail($"{label}: {Backend.Name} wrote to {region.Name ?? "an input"} at offset {start + difference} of [{region.Rows}, {region.Columns}] with stride {region.Stride}");
    }

    private sealed class Region(string? name, float* data, int rows, int columns, int stride, Tolerance tolerance, int[] before)
    {
        public string? Name { get; } = name;

        public float* Data { get; } = data;

        public int Rows { get; } = rows;

        public int Columns { get; } = columns;

        public int Stride { get; } = stride;

        public Tolerance Tolerance { get; } = tolerance;

        public int[] Before { get; } = before;
    }
}

/// <summary>An output of a kernel.</summary>
public sealed record KernelOutput(string Name, int Columns, float[] Values, Tolerance Tolerance);
