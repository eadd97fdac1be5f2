using System.CommandLine;
using System.Diagnostics;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice tokenizer train</c>: a tokenizer for a text.</summary>
internal static class TokenizerTrainCommand
{
    private const string ByteBpe = "byte_bpe", BpeFallback = "bpe_fallback", Unigram = "unigram", WordPiece = "wordpiece", Character = "character";

    public static Command Create()
    {
        var texts = new Argument<string[]>("TEXT") { Description = "Files, folders, patterns such as 'docs/**/*.md', or corpora", Arity = ArgumentArity.OneOrMore };
        var output = CommonOptions.Output("FILE", "The tokenizer.json to write, or a folder for it");
        var type = CommonOptions.Choice("--type", [ByteBpe, BpeFallback, Unigram, WordPiece, Character],
            "Byte-pair encoding over bytes as in GPT-2, over characters with bytes for the rare as in Llama, a unigram model of pieces as in SentencePiece, " +
            "lower-cased words in pieces as in BERT, or one token a character");
        var pattern = CommonOptions.Choice("--pattern", ["gpt4", "gpt2"], $"How {ByteBpe} cuts text into words");
        var size = CommonOptions.Whole("--vocabulary-size", 1, 10_000_000, 8192, "The most tokens of a vocabulary with merges");
        var frequency = CommonOptions.Whole("--min-frequency", 1, int.MaxValue, 2, "How often a pair must occur to be merged");
        var command = new Command("train", "Train a tokenizer on text")
        {
            texts, output, type, pattern, size, frequency, CommonOptions.Threads, CommonOptions.Json,
        };
        // What a type can't honour is refused rather than ignored.
        command.Validators.Add(result =>
        {
            var chosen = result.GetValue(type);
            Option[] unused = chosen switch
            {
                Character => [pattern, size, frequency],
                Unigram => [pattern, frequency],
                BpeFallback or WordPiece => [pattern],
                _ => [],
            };
            foreach (var option in unused)
            {
                if (result.GetResult(option) is { Implicit: false }) result.AddError($"{option.Name} does not apply to --type {chosen}");
            }
        });
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping; nothing is written.");
            var clock = Stopwatch.StartNew();
            var report = new CorpusReport();
            var documents = new CorpusPipeline([.. parse.GetRequiredValue(texts).Select(path => new CorpusInput(path))]).Run(report, interruption.Token);
            var threads = parse.GetValue(CommonOptions.Threads);
            var section = new TokenizerSection
            {
                Type = parse.GetRequiredValue(type),
                Pattern = parse.GetRequiredValue(pattern),
                VocabularySize = parse.GetValue(size),
                MinFrequency = parse.GetValue(frequency),
            };
            var tokenizer = Stage.Run("Training a tokenizer", show => TokenizerFactory.Create(
                section,
                documents.Select(document =>
                {
                    show(() => $"{Figures.Bytes(report.BytesRead)} read");
                    return document.Text;
                }),
                validation: [],
                threads == 0 ? Environment.ProcessorCount : threads,
                progress => show(() => $"{progress.Stage}, {Figures.Count(progress.Done)}"),
                cancellation: interruption.Token));
            CorpusNotes.Tell(report);
            var path = parse.GetRequiredValue(output);
            tokenizer.Save(path);
            var result = new TrainedTokenizer(path, parse.GetRequiredValue(type), tokenizer.VocabularySize, report.DocumentsKept, report.BytesKept, clock.Elapsed.TotalSeconds, tokenizer.Fingerprint);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
        });
        return command;
    }

    private static void Describe(TrainedTokenizer result)
    {
        Page.Facts(
            ("vocabulary", $"{Figures.Count(result.VocabularySize)} tokens"),
            ("trained on", $"{Figures.Count(result.Documents, "document")}, {Figures.Bytes(result.Bytes)}"),
            ("written to", result.Tokenizer));
    }

    private sealed record TrainedTokenizer(string Tokenizer, string Type, int VocabularySize, long Documents, long Bytes, double Seconds, string Fingerprint);
}
