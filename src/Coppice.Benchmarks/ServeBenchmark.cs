using System.Diagnostics;
using System.Text;
using Coppice.Inference;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Benchmarks;

/// <summary>What an engine does for a number of clients that all ask at once.</summary>
/// <param name="Clients">How many.</param>
/// <param name="TokensPerSecond">Generated tokens of all of them together, prompts and waiting included; median.</param>
/// <param name="Gain">That over the same with one client.</param>
/// <param name="SecondsToFirstToken">From the request to its first token; median over rounds of the mean.</param>
public sealed record ServeRow(int Clients, double TokensPerSecond, double Gain, double SecondsToFirstToken);

/// <summary>Clients of an engine that all ask at once, on a model of random weights.</summary>
public static class ServeBenchmark
{
    private const int Prompt = 32;
    private const int Generated = 32;
    private const int Rounds = 3;

    /// <summary>Measures 1, 4, 16 and 64 clients.</summary>
    /// <param name="shape">The model; batch is not used, sequence is its longest.</param>
    public static IReadOnlyList<ServeRow> Run(TrainShape shape)
    {
        using var backend = Backends.Create(shape.Threads);
        using var model = TrainBenchmark.Configure(shape with { Sequence = Math.Max(shape.Sequence, Prompt + Generated) }).Create(backend, trainable: false);
        model.Initialize(1);
        using var engine = new InferenceEngine(model, CharactersOf(shape.Vocab), new EngineOptions { ContextTokens = Prompt + Generated, CacheBytes = long.MaxValue });
        int[] clients = [1, 4, 16, 64];
        // In turn, so that a machine that becomes faster or slower does so for all of them.
        var measured = Enumerable.Range(0, Rounds + 1).Select(round => clients.Select(count => Round(engine, count, round)).ToList()).Skip(1).ToList();
        var one = Median(measured.Select(round => round[0].TokensPerSecond));
        return
        [
            .. clients.Select((count, i) =>
            {
                var speed = Median(measured.Select(round => round[i].TokensPerSecond));
                return new ServeRow(count, speed, speed / one, Median(measured.Select(round => round[i].FirstToken)));
            }),
        ];
    }

    private static (double TokensPerSecond, double FirstToken) Round(InferenceEngine engine, int clients, int round)
    {
        var random = new Philox((ulong)round, (ulong)clients);
        var before = engine.Metrics.TimeToFirstToken.Read().Sum;
        var start = Stopwatch.GetTimestamp();
        var texts = Enumerable.Range(0, clients).Select(client => engine.Generate(
            [.. Enumerable.Range(0, Prompt).Select(i => random.Integer((ulong)(client * Prompt + i), engine.Tokenizer.VocabularySize))],
            new GenerationOptions { MaxTokens = Generated, Seed = (ulong)client })).ToList();
        Task.WaitAll([.. texts.Select(text => text.Completion)]);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (texts.Sum(text => text.Completion.Result.Tokens.Count) / seconds, (engine.Metrics.TimeToFirstToken.Read().Sum - before) / clients);
    }

    /// <summary>A tokenizer of as many tokens as the model has, none of which ends a text.</summary>
    private static Tokenizer CharactersOf(int vocabulary)
    {
        var characters = new StringBuilder();
        for (int code = ' ', count = 0; count < vocabulary && code <= 0x10FFFF; code++)
        {
            if (!Rune.IsValid(code)) continue;
            characters.Append(new Rune(code).ToString());
            count++;
        }

        return CharacterTrainer.Train([characters.ToString()]);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
