using System.CommandLine;
using System.Globalization;
using Coppice.Benchmarks;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus.Building;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice bench</c>: how fast this machine does each part of the work.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure how fast this machine is at each part of the work")
    {
        Gemm(), Train(), Tokenizer(), Generate(), Decoding(), Serve(), Corpus(), Curation(),
    };

    private static Command Gemm()
    {
        var command = new Command("gemm", "Matrix products of the shapes that training uses") { CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var results = GemmBenchmark.Run(parse.GetValue(CommonOptions.Threads));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { products = results });
            else Page.Table(["m", "n", "k", "transposes", "GFLOP/s"], [.. results.Select(r => new[] { Figures.Count(r.M), Figures.Count(r.N), Figures.Count(r.K), r.Transposes, Figures.Number(r.Gflops) })]);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Train()
    {
        var shape = new ShapeOptions();
        var steps = CommonOptions.Whole("--steps", 1, 1_000_000, 9, "Measured steps; the median is reported");
        var recompute = new Option<bool>("--recompute") { Description = "Compute the activations inside blocks again in the backward pass instead of keeping them" };
        var command = new Command("train", "A full training step (forward, backward, clipping, AdamW) on random tokens") { steps, recompute, CommonOptions.Threads, CommonOptions.Json };
        shape.AddTo(command);
        command.SetAction(parse =>
        {
            var result = TrainBenchmark.Run(shape.Read(parse) with { Recompute = parse.GetValue(recompute) }, parse.GetValue(steps));
            if (parse.GetValue(CommonOptions.Json))
            {
                JsonOutput.Write(result);
                return (int)ExitCode.Done;
            }

            Page.Facts(
                ("parameters", Figures.Count(result.Parameters)),
                ("speed", $"{Figures.Count((long)result.TokensPerSecond)} tokens/s, {Figures.Number(result.MillisecondsPerStep)} ms a step"),
                ("peak memory", $"{Figures.Number(result.PeakMemoryMib)} MiB resident"),
                ("operations", $"{Figures.Number(result.FlopsPerToken / 1e6)} MFLOP a token"),
                ("utilisation", $"{Figures.Percent(result.ModelFlopsUtilization)} of {Figures.Number(result.GemmGflops)} GFLOP/s"));
            Page.Table(["operation", "% of the step"], [.. result.Breakdown.Select(entry => new[] { entry.Key, Figures.Number(entry.Value) })]);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Tokenizer()
    {
        var tokenizer = new Argument<string>("TOKENIZER") { Description = "A tokenizer.json, SentencePiece model or tiktoken file" };
        var text = new Argument<string>("TEXT") { Description = "Text of any format that is read" };
        var command = new Command("tokenizer", "Encoding and decoding with a tokenizer, and training one") { tokenizer, text, CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var result = TokenizerBenchmark.Run(parse.GetRequiredValue(tokenizer), parse.GetRequiredValue(text), parse.GetValue(CommonOptions.Threads));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else
            {
                Page.Facts(
                    ("text", string.Create(CultureInfo.InvariantCulture, $"{result.TextMib:F1} MiB, {result.Tokens:#,0} tokens")),
                    ("encoding", $"{Figures.Number(result.EncodeMibPerSecond)} MiB/s on one thread"),
                    ("decoding", $"{Figures.Number(result.DecodeMibPerSecond)} MiB/s on one thread"),
                    ("training", $"{Figures.Count(result.TrainVocabulary)} tokens on {Figures.Count(result.TrainThreads, "thread")}: byte-level BPE {Figures.Number(result.TrainSeconds)} s, " +
                        $"WordPiece {Figures.Number(result.TrainWordPieceSeconds)} s, Unigram {Figures.Number(result.TrainUnigramSeconds)} s"));
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Generate()
    {
        var shape = new ShapeOptions();
        var model = new Argument<string?>("MODEL") { Description = "A model directory or a GGUF file; without it a model of random weights", Arity = ArgumentArity.ZeroOrOne };
        var prompt = CommonOptions.Whole("--prompt-tokens", 1, 1_000_000, 64, "Tokens of the prompt");
        var command = new Command("generate", "A prompt in one pass, then token by token with cached keys and values") { model, prompt, CommonOptions.Quantize, CommonOptions.Threads, CommonOptions.Json };
        shape.AddTo(command);
        command.SetAction(parse =>
        {
            var (tokens, quantization) = (parse.GetValue(prompt), CommonOptions.ReadQuantize(parse));
            var result = parse.GetValue(model) is { } path
                ? GenerateBenchmark.Run(path, parse.GetValue(CommonOptions.Threads), tokens, quantization)
                : GenerateBenchmark.Run(shape.Read(parse), tokens, quantization);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else
            {
                Page.Facts(
                    ("prompt", $"{Figures.Number(result.PromptTokensPerSecond)} tokens/s, {Figures.Count(result.PromptTokens)} at a time"),
                    ("generation", $"{Figures.Number(result.TokensPerSecond)} tokens/s, one at a time"),
                    ("weights", $"{Figures.Number(result.WeightGigabytesPerSecond)} GB/s read, {Figures.Percent(result.BandwidthShare)} of {Figures.Number(result.MemoryGigabytesPerSecond)} GB/s"));
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Serve()
    {
        var shape = new ShapeOptions();
        var command = new Command("serve", "Many clients at once against one, on the engine that serves them") { CommonOptions.Threads, CommonOptions.Json };
        shape.AddTo(command);
        command.SetAction(parse =>
        {
            var rows = ServeBenchmark.Run(shape.Read(parse));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { clients = rows });
            else
            {
                Page.Table(
                    ["clients", "tokens/s", "x one client", "seconds to first token"],
                    [.. rows.Select(row => new[] { Figures.Count(row.Clients), Figures.Number(row.TokensPerSecond), Figures.Number(row.Gain), Figures.Number(row.SecondsToFirstToken) })]);
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Decoding()
    {
        var shape = new ShapeOptions();
        var command = new Command("decoding", "Guessing ahead on a text that repeats itself, and holding a text to a JSON schema") { CommonOptions.Threads, CommonOptions.Json };
        shape.AddTo(command);
        command.SetAction(parse =>
        {
            var result = DecodingBenchmark.Run(shape.Read(parse));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else
            {
                Page.Table(
                    ["guessed at a time", "tokens/s", "tokens a pass", "times as fast"],
                    [
                        ["none", Figures.Number(result.TokensPerSecond), "1", "1"],
                        .. result.Guessed.Select(row => new[] { Figures.Count(row.DraftTokens), Figures.Number(row.TokensPerSecond), Figures.Number(row.TokensPerPass), Figures.Number(row.Speedup) }),
                    ]);
                Page.Line();
                Page.Facts(
                    ("drawn", $"{Figures.Number(result.SampledTokensPerSecond)} tokens/s"),
                    ("held to a schema", $"{Figures.Number(result.ConstrainedTokensPerSecond)} tokens/s: {Figures.Percent(result.ConstraintShare)} of the time is the constraint's, with {Figures.Count(result.Vocabulary, "token")}"),
                    ("ready", $"{Figures.Number(result.ReadyMilliseconds)} ms, once"));
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Corpus()
    {
        var text = new Argument<string>("TEXT") { Description = "Files, a folder or a pattern" };
        var command = new Command("corpus", "Reading and cleaning text, step by step") { text, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var result = CorpusBenchmark.Run(parse.GetRequiredValue(text));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else
            {
                Page.Facts(
                [
                    ("text", $"{Figures.Count(result.Documents, "document")}, {Figures.Number(result.TextMib)} MiB"),
                    .. result.Rows.Select(row => (row.Name, $"{Figures.Number(row.MibPerSecond)} MiB/s")),
                ]);
            }

            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Curation()
    {
        var size = new Option<string>("--size") { Description = "How much text is made and built", HelpName = "SIZE", DefaultValueFactory = _ => "200MB" };
        var preset = CommonOptions.Choice("--preset", ["own-text", .. CurationPresets.All.Select(preset => preset.Name).Where(name => name != "own-text")], "The recipe");
        var memory = new Option<string?>("--memory") { Description = "Memory that the build may take; its default where it is not given", HelpName = "SIZE" };
        var folder = new Option<string>("--folder") { Description = "Where the text and the corpus go meanwhile: about three times the text", HelpName = "DIR", DefaultValueFactory = _ => Path.GetTempPath() };
        var command = new Command("curation", "A whole build of a corpus of made-up text, and building again with a twentieth more") { size, preset, memory, folder, CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping; everything is deleted.");
            var shape = new CurationShape(
                Quantity.Bytes("--size", parse.GetRequiredValue(size)), parse.GetRequiredValue(preset), parse.GetValue(memory) is { } most ? Quantity.Bytes("--memory", most) : 0, parse.GetValue(CommonOptions.Threads));
            var result = Stage.Run("Curation", show => CurationBenchmark.Run(shape, parse.GetRequiredValue(folder), new BuildDisplay(show).Show, interruption.Token));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else
            {
                Page.Facts(
                    ("text", $"{Figures.Count(result.Documents, "document")}, {Figures.Number(result.InputMib)} MiB; {Figures.Count(result.DocumentsKept)} kept"),
                    ("build", $"{Figures.Number(result.Seconds)} s, {Figures.Number(result.MibPerSecond)} MiB/s"),
                    ("peak memory", $"{Figures.Number(result.PeakMemoryMib)} MiB resident"),
                    ("on the disk", $"{Figures.Number(result.DiskMib)} MiB"),
                    ("new text added", Describe(result.Added)),
                    ("repeating text added", Describe(result.AddedRepeating)));
                Page.Line();
                Page.Table(
                    ["seconds", "first build", "new text added", "repeating text added"],
                    [.. result.Parts.Select(part => new[] { part.Name, Figures.Number(part.Seconds), Seconds(result.Added, part.Name), Seconds(result.AddedRepeating, part.Name) })]);
            }

            return (int)ExitCode.Done;
        });
        return command;

        static string Seconds(AddedResult added, string part) => Figures.Number(added.Parts.Where(own => own.Name == part).Sum(own => own.Seconds));

        static string Describe(AddedResult added) => $"{Figures.Percent(added.ShareOfText)} more in {Figures.Number(added.Seconds)} s, {Figures.Percent(added.ShareOfTime)} of the first build's time";
    }

    /// <summary>The six numbers of a model and a step; by default those of GPT-2 124M as llm.c measures it.</summary>
    private sealed class ShapeOptions
    {
        private readonly Option<string> _architecture = new("--architecture") { Description = "gpt2 or llama", HelpName = "NAME", DefaultValueFactory = _ => "gpt2" };
        private readonly Option<int> _layers = CommonOptions.Whole("--layers", 1, 1000, 12, "Blocks");
        private readonly Option<int> _heads = CommonOptions.Whole("--heads", 1, 1000, 12, "Heads");
        private readonly Option<int> _width = CommonOptions.Whole("--width", 2, 100_000, 768, "Width of the residual stream");
        private readonly Option<int> _vocab = CommonOptions.Whole("--vocab", 2, 10_000_000, 50_257, "Vocabulary");
        private readonly Option<int> _batch = CommonOptions.Whole("--batch", 1, 100_000, 4, "Sequences of a step");
        private readonly Option<int> _sequence = CommonOptions.Whole("--sequence", 1, 1_000_000, 64, "Tokens of a sequence");

        public ShapeOptions() => _architecture.AcceptOnlyFromAmong("gpt2", "llama");

        public void AddTo(Command command)
        {
            foreach (var option in new Option[] { _architecture, _layers, _heads, _width, _vocab, _batch, _sequence }) command.Add(option);
        }

        public TrainShape Read(ParseResult parse)
        {
            var shape = new TrainShape(
                parse.GetValue(_architecture)!, parse.GetValue(_layers), parse.GetValue(_heads), parse.GetValue(_width), parse.GetValue(_vocab),
                parse.GetValue(_batch), parse.GetValue(_sequence), parse.GetValue(CommonOptions.Threads));
            return shape.Width % shape.Heads == 0 && (shape.Architecture == "gpt2" || shape.Width / shape.Heads % 2 == 0)
                ? shape
                : throw CoppiceException.Usage($"--heads {shape.Heads} does not divide --width {shape.Width} into heads of a size that {shape.Architecture} can have");
        }
    }
}
