using System.Globalization;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Continual.Replay;

/// <summary>
/// Old text where there is none left: what the parent writes by itself. It can't hold more than the parent knows, and what is rare is lost first, so text that
/// was generated is no text to hold out, nor to train a tokenizer or the next generation's text on.
/// </summary>
/// <remarks>The n-th text is a function of parent, options and n, whatever the number of threads.</remarks>
[Technique("lamol", Title = "LAMOL: LAnguage MOdeling for Lifelong Language Learning", Paper = "arXiv:1909.03329")]
public static class GeneratedReplay
{
    /// <summary>The source that generated documents belong to.</summary>
    public const string SourceName = "generated";

    // A parent most of whose text is dropped is not worth waiting for.
    private const int MostGeneratedPerKept = 4;
    private const int NgramTokens = 4;
    private const int LongestStart = 64;
    private const ulong Stream = 0x47454E4552415445;

    /// <summary>Lets a parent write documents, drops repetitive ones and those that were written before, and stores the others.</summary>
    /// <param name="parent">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">How much, and how.</param>
    /// <param name="path">The token store's file, to create or replace.</param>
    /// <param name="notice">Receives a line about the progress with every tenth, and at the end one about what was kept and dropped.</param>
    /// <param name="cancellation">Ends it between two tokens; no file is left.</param>
    /// <returns>The store, opened: <see cref="GeneratedReplayOptions.Tokens"/> tokens of text or a little more, or fewer where too much had to be dropped.</returns>
    /// <exception cref="CoppiceException">An option is outside its range, nothing could be kept, or the file can't be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TokenStore Write(
        LanguageModel parent, Tokenizer tokenizer, GeneratedReplayOptions options, string path, Action<string> notice, CancellationToken cancellation = default)
    {
        options.Check();
        using var generator = new TextGenerator(parent, tokenizer);
        var generation = new GenerationOptions
        {
            MaxTokens = options.MaxDocumentTokens > 0 ? options.MaxDocumentTokens : parent.Configuration.MaxPositions,
            Temperature = options.Temperature,
            TopP = options.TopP,
        };
        return TokenStoreWriter.Build(Documents(generator, generation, options, notice, cancellation), tokenizer, path, threads: 1, cancellation);
    }

    /// <summary>How texts begin: the first word of each, with the space before it; as often in the list as in the texts.</summary>
    /// <param name="texts">Old documents.</param>
    public static IReadOnlyList<string> StartsOf(IEnumerable<string> texts) => [.. texts.Select(FirstWord).Where(word => word.Length > 0)];

    private static IEnumerable<Document> Documents(
        TextGenerator generator, GenerationOptions generation, GeneratedReplayOptions options, Action<string> notice, CancellationToken cancellation)
    {
        var random = new Philox(options.Seed, Stream);
        var written = new HashSet<UInt128>();
        var (generated, kept, nextNotice) = (0L, 0L, 0.1);
        var (repetitive, repeated, cut) = (0, 0, 0);
        for (var i = 0UL; kept < options.Tokens && generated / MostGeneratedPerKept < options.Tokens; i++)
        {
            var (x, y, z, w) = random.Words(i);
            var start = options.Starts.Count == 0 ? "" : options.Starts[(int)Math.BigMul(((ulong)z << 32) | w, (ulong)options.Starts.Count, out _)];
            var result = generator.Generate(start, generation with { Seed = ((ulong)x << 32) | y }, cancellationToken: cancellation);
            // An empty text counts too: a parent that writes no other must not be asked forever.
            generated += Math.Max(1, result.Tokens.Count);
            if (1 - (Repetition.RepeatedShare([.. result.Tokens], NgramTokens) ?? 0) < options.MinDistinctShare)
            {
                repetitive++;
                continue;
            }

            var text = start + result.Text;
            if (text.Length == 0 || !written.Add(ContentHash.Of(text)))
            {
                repeated++;
                continue;
            }

            kept += Math.Max(1, result.Tokens.Count);
            if (result.FinishReason == FinishReason.Length) cut++;
            if (kept >= nextNotice * options.Tokens)
            {
                notice(FormattableString.Invariant($"generated replay: {Math.Min(kept, options.Tokens)} of {options.Tokens} tokens"));
                nextNotice = kept / (double)options.Tokens + 0.1;
            }

            yield return new Document(i.ToString(CultureInfo.InvariantCulture), text, SourceName);
        }

        var outcome = FormattableString.Invariant(
            $"{written.Count} documents with {kept} tokens kept, {cut} of them cut at {generation.MaxTokens} tokens; dropped: {repetitive} repetitive, {repeated} empty or written before");
        if (written.Count == 0) throw new CoppiceException($"Of what the parent wrote nothing can be replayed ({outcome}). Replay text from elsewhere, or loosen the filter.");
        notice($"generated replay: {outcome}");
    }

    // Something without spaces for long is no word; it begins as the parent likes.
    private static string FirstWord(string text)
    {
        var start = 0;
        while (start < text.Length && char.IsWhiteSpace(text[start])) start++;
        var end = start;
        while (end < text.Length && !char.IsWhiteSpace(text[end])) end++;
        return end <= LongestStart ? text[..end] : "";
    }
}
