using System.Diagnostics;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Benchmarks;

/// <summary>Speeds of generation with cached keys and values.</summary>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="PromptTokens">Tokens of the prompt, processed in one pass.</param>
/// <param name="PromptTokensPerSecond">Their speed.</param>
/// <param name="TokensPerSecond">Speed of the tokens after it, one at a time; median.</param>
/// <param name="WeightGigabytesPerSecond">Bytes of weights read for a token, times that speed.</param>
/// <param name="MemoryGigabytesPerSecond">What the machine reads from memory on the same threads: the faster of a long sum and a row times a large matrix.</param>
/// <param name="BandwidthShare">The first over the second.</param>
public sealed record GenerateResult(
    long Parameters, int PromptTokens, double PromptTokensPerSecond, double TokensPerSecond, double WeightGigabytesPerSecond, double MemoryGigabytesPerSecond, double BandwidthShare);

/// <summary>A prompt in one pass, then token by token, on a model of random weights or an existing one.</summary>
public static class GenerateBenchmark
{
    private const int Generated = 32;
    private const int Rounds = 5;
    private const long BandwidthFloats = 1L << 27;

    /// <summary>Measures a model of random weights.</summary>
    /// <param name="shape">The model; batch is not used, sequence is its longest.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="quantization">In what its matrices are held.</param>
    public static GenerateResult Run(TrainShape shape, int promptTokens, Quantization quantization = Quantization.None)
    {
        using var backend = Backends.Create(shape.Threads);
        using var model = Create(TrainBenchmark.Configure(shape with { Sequence = Math.Max(shape.Sequence, promptTokens + Generated) }), backend, quantization);
        return Run(model, promptTokens);
    }

    /// <summary>Measures an existing model.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <param name="threads">Threads; 0 for one per processor.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="quantization">In what its matrices are held.</param>
    /// <exception cref="CoppiceException">The model can't be opened, or its context is too short.</exception>
    public static GenerateResult Run(string path, int threads, int promptTokens, Quantization quantization = Quantization.None)
    {
        using var backend = Backends.Create(threads);
        using var opened = InferenceModel.Load(path, backend, quantization);
        var longest = opened.Model.Configuration.MaxPositions;
        if (longest < promptTokens + Generated)
            throw CoppiceException.Usage($"the model has a context of {longest} tokens, fewer than the prompt's {promptTokens} and the {Generated} generated ones");
        return Run(opened.Model, promptTokens);
    }

    private static GenerateResult Run(LanguageModel model, int promptTokens)
    {
        var (backend, vocabulary) = (model.Backend, model.Configuration.VocabularySize);
        using var tape = new Tape(backend) { Recording = false };
        var input = new ModelInput(model);
        using var cache = model.CreateCache(promptTokens + Generated);
        var prompt = Enumerable.Range(0, promptTokens).Select(i => i % vocabulary).ToArray();
        var (prefill, decode) = (new List<double>(), new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            cache.Truncate(0);
            var seconds = Pass(tape, model, input, cache, prompt);
            if (round > 0) prefill.Add(seconds);
            for (var i = 0; i < Generated; i++)
            {
                seconds = Pass(tape, model, input, cache, [i % vocabulary]);
                if (round > 0) decode.Add(seconds);
            }
        }

        var perSecond = 1 / Median(decode);
        var bytes = BytesOfAToken(model);
        var bandwidth = MeasureBandwidth(backend);
        return new GenerateResult(
            model.Parameters.Count + (model.Quantized?.Count ?? 0), promptTokens, promptTokens / Median(prefill), perSecond, bytes * perSecond / 1e9, bandwidth, bytes * perSecond / 1e9 / bandwidth);
    }

    private static LanguageModel Create(ModelConfiguration configuration, Backend backend, Quantization quantization)
    {
        var model = configuration.Create(backend, trainable: false);
        model.Initialize(1);
        if (quantization == Quantization.None) return model;
        using (model) return QuantizedModel.Of(model, quantization);
    }

    /// <summary>The weights that a token reads. A tied head is read once, as the head: looking up a row of it costs nothing.</summary>
    private static double BytesOfAToken(LanguageModel model)
    {
        var bytes = 4.0 * model.Parameters.Parameters.Where(p => !p.Name.EndsWith("wpe.weight", StringComparison.Ordinal)).Sum(p => p.Count) + (model.Quantized?.Bytes ?? 0);
        if (model.Configuration.TieEmbeddings) return bytes;
        var table = (double)model.Configuration.VocabularySize * model.Configuration.HiddenSize;
        return bytes - (model.Quantized is null ? 4 : 34.0 / 32) * table;
    }

    private static double Pass(Tape tape, LanguageModel model, ModelInput input, KeyValueCache cache, int[] tokens)
    {
        var start = Stopwatch.GetTimestamp();
        input.Set(tape, tokens, cache);
        var hidden = model.Hidden(tape, input);
        model.Logits(tape, tape.SliceRows(hidden, tokens.Length - 1, 1));
        cache.Advance(tokens.Length);
        tape.Reset();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>How fast memory can be read: the faster of two passes over far more values than any cache holds, a sum and a row times a matrix.</summary>
    private static double MeasureBandwidth(Backend backend)
    {
        using var values = new FlatBuffer(backend, BandwidthFloats);
        var seconds = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            values.SumOfSquares();
            if (round > 0) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        var sum = BandwidthFloats * sizeof(float) / Median(seconds) / 1e9;
        // A value of the matrix is four bytes and takes two operations.
        return Math.Max(sum, 2 * ProductSpeed.Gflops(backend, 1, 8192, (int)(BandwidthFloats / 8192), transposeA: false, transposeB: false, TimeSpan.FromSeconds(1)));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
