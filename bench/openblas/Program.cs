using System.Globalization;
using System.Text.Json;
using Coppice.Benchmarks;
using Coppice.OpenBlasComparison;
using Coppice.Tensors;

// Matrix products of ours and of OpenBLAS in turn, in one process, on the shapes of `coppice bench gemm`: medians of short rounds as a Markdown
// table, and with a file's name as JSON too. A ratio is the median of the rounds' ratios: the two sides of a round are a tenth of a second apart.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length > 2 || (args.Length > 0 && (!int.TryParse(args[0], out var given) || given < 1)))
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project bench/openblas [ROUNDS] [JSON-FILE]");
    return 2;
}

var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 7;
var duration = TimeSpan.FromSeconds(0.1);
// Threads keep looking for work for a while before they sleep, and would take a processor from the other side: ours for microseconds, those
// of OpenBLAS for a tenth of a second.
var (afterOurs, afterTheirs) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(200));
var results = new List<Result>();
// Ours first meets the JIT: all forms of the product run until it has done its work.
using (var backend = Backends.Create(2))
{
    foreach (var shape in GemmBenchmark.Shapes.Take(3)) ProductSpeed.Gflops(backend, shape.M, shape.N, shape.K, shape.TransposeA, shape.TransposeB, TimeSpan.FromSeconds(2));
    Console.WriteLine($"Coppice: {backend.Name.Split(',')[0]}); OpenBLAS: kernels for {OpenBlas.Kernels}; medians of {rounds} rounds.\n");
}

Console.WriteLine("| m | n | k | transposes | threads | Coppice GFLOP/s | OpenBLAS GFLOP/s | ratio |");
Console.WriteLine("| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |");
foreach (var shape in GemmBenchmark.Shapes)
{
    foreach (var threads in new[] { 1, 2 })
    {
        var (ours, theirs, ratios) = (new List<double>(), new List<double>(), new List<double>());
        using var backend = Backends.Create(threads);
        for (var round = 0; round < rounds; round++)
        {
            ours.Add(ProductSpeed.Gflops(backend, shape.M, shape.N, shape.K, shape.TransposeA, shape.TransposeB, duration));
            if (threads > 1) Thread.Sleep(afterOurs);
            theirs.Add(OpenBlas.Gflops(shape, threads, duration));
            if (threads > 1) Thread.Sleep(afterTheirs);
            ratios.Add(ours[^1] / theirs[^1]);
        }

        var result = new Result(shape.M, shape.N, shape.K, shape.Transposes, threads, Median(ours), Median(theirs), Median(ratios));
        results.Add(result);
        Console.WriteLine($"| {shape.M} | {shape.N} | {shape.K} | {shape.Transposes} | {threads} | {result.Coppice:F1} | {result.OpenBlas:F1} | {result.Ratio:F2} |");
    }
}

if (args.Length == 2) File.WriteAllText(args[1], JsonSerializer.Serialize(results, Format.Json) + "\n");
return 0;

static double Median(List<double> values)
{
    values.Sort();
    return values[values.Count / 2];
}

internal sealed record Result(int M, int N, int K, string Transposes, int Threads, double Coppice, double OpenBlas, double Ratio);

internal static class Format
{
    public static JsonSerializerOptions Json { get; } = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
