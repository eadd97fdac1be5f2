using System.Buffers;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>The options of a BPE model, named as in <c>tokenizer.json</c>.</summary>
internal sealed record BpeOptions
{
    /// <summary>Whether symbols are bytes written in GPT-2's alphabet instead of characters.</summary>
    public bool ByteLevel { get; init; }

    /// <summary>The token for symbols that aren't in the vocabulary; null leaves them out.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether neighbouring unknown symbols become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown symbol becomes the tokens of its bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, where the vocabulary has them all.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is in the vocabulary is taken as it is, even where merges don't lead to it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>What symbols begin with that go on with a word; null for nothing.</summary>
    public string? ContinuingPrefix { get; init; }

    /// <summary>What the symbol that ends a word ends with, such as <c>&lt;/w&gt;</c>; null for nothing.</summary>
    public string? WordSuffix { get; init; }

    /// <summary>Whether a symbol depends on its place in the word.</summary>
    public bool HasAffixes => ContinuingPrefix is not null || WordSuffix is not null;
}

/// <summary>
/// Byte-pair encoding over bytes (GPT-2) or over characters with or without fallback to bytes (Llama). A word that is a token, and one that merging
/// its symbols does give, is looked up whole; any other goes through <see cref="BpeMerger"/>.
/// </summary>
internal sealed class BpeModel : TokenModel
{
    private const int StackSymbols = 256;
    private readonly BpeOptions options;
    private readonly Vocabulary vocabulary;
    private readonly IReadOnlyList<Merge> merges;
    private readonly MergeTable table;
    private readonly SymbolTable symbols;
    private readonly WordTable? wordsOfBytes;
    private readonly bool[] isReachable;
    private readonly MergeBoundaries boundaries;
    private readonly int longestToken;

    /// <summary>Builds the model.</summary>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="merges">The merges in order of rank.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="CoppiceException">The unknown token isn't in the vocabulary.</exception>
    public BpeModel(Vocabulary vocabulary, IReadOnlyList<Merge> merges, BpeOptions options)
    {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        table = new MergeTable(merges);
        symbols = new SymbolTable(vocabulary, options);
        longestToken = vocabulary.Tokens.Max(token => token?.Length) ?? 0;
        isReachable = new bool[vocabulary.Tokens.Count];
        boundaries = new MergeBoundaries(vocabulary, merges);
        if (options.ByteLevel)
        {
            wordsOfBytes = new WordTable(ReachableByteTokens());
        }
        else if (!options.HasAffixes)
        {
            for (var id = 0; id < isReachable.Length; id++) isReachable[id] = vocabulary.Tokens[id] is { } token && IsReachable(token, id);
        }
    }

    public override IReadOnlyList<string?> Tokens => vocabulary.Tokens;

    /// <summary>The merges in order of rank.</summary>
    public IReadOnlyList<Merge> Merges => merges;

    /// <summary>The options.</summary>
    public BpeOptions Options => options;

    /// <summary>This model with more tokens and, after its own, more merges.</summary>
    /// <param name="moreTokens">Tokens that it doesn't have, with ids that it doesn't use.</param>
    /// <param name="moreMerges">The merges in order of rank.</param>
    public BpeModel With(IEnumerable<KeyValuePair<string, int>> moreTokens, IEnumerable<Merge> moreMerges) =>
        new(new Vocabulary([.. vocabulary.Ids, .. moreTokens]), [.. merges, .. moreMerges], options);

    public override int? TokenToId(string token) => vocabulary.Find(token);

    public override void Encode(ReadOnlySpan<char> word, TokenBuffer output)
    {
        if (options.ByteLevel) EncodeBytes(word, output);
        else EncodeCharacters(word, output);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteString("unk_token", options.UnknownToken);
        writer.WriteString("continuing_subword_prefix", options.ContinuingPrefix);
        writer.WriteString("end_of_word_suffix", options.WordSuffix);
        writer.WriteBoolean("fuse_unk", options.FuseUnknown);
        writer.WriteBoolean("byte_fallback", options.ByteFallback);
        writer.WriteBoolean("ignore_merges", options.IgnoreMerges);
        vocabulary.Write(writer);
        writer.WriteStartArray("merges");
        foreach (var merge in merges)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(Tokens[merge.Left]);
            writer.WriteStringValue(Tokens[merge.Right]);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void EncodeBytes(ReadOnlySpan<char> word, TokenBuffer output)
    {
        byte[]? rented = null;
        var capacity = Encoding.UTF8.GetMaxByteCount(word.Length);
        Span<byte> bytes = capacity <= StackSymbols ? stackalloc byte[StackSymbols] : rented = ArrayPool<byte>.Shared.Rent(capacity);
        bytes = bytes[..Encoding.UTF8.GetBytes(word, bytes)];
        if (wordsOfBytes!.Find(bytes) is >= 0 and var id)
        {
            output.Add(id, output.Ranges is null ? 0 : symbols.EncodedLength(bytes));
        }
        else
        {
            var list = new SymbolList(stackalloc int[StackSymbols], stackalloc int[StackSymbols], symbols.MaximumSymbols(bytes.Length));
            symbols.Append(bytes, ref list, output);
            Finish(ref list, output);
        }

        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }

    private void EncodeCharacters(ReadOnlySpan<char> word, TokenBuffer output)
    {
        if (options.IgnoreMerges && word.Length <= longestToken && vocabulary.IdsByText.TryGetValue(word, out var whole))
        {
            output.Add(whole, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(word));
            return;
        }

        if (options.HasAffixes)
        {
            MergeCharacters(word, output);
            return;
        }

        while (word.Length > 0)
        {
            var part = word[..boundaries.EndOfPart(word)];
            if (part.Length <= longestToken && vocabulary.IdsByText.TryGetValue(part, out var id) && isReachable[id])
            {
                output.Add(id, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(part));
            }
            else
            {
                MergeCharacters(part, output);
            }

            word = word[part.Length..];
        }
    }

    private void MergeCharacters(ReadOnlySpan<char> word, TokenBuffer output)
    {
        var list = new SymbolList(stackalloc int[StackSymbols], stackalloc int[StackSymbols], symbols.MaximumSymbols(word.Length));
        symbols.Append(word, ref list, output);
        Finish(ref list, output);
    }

    private void Finish(ref SymbolList list, TokenBuffer output)
    {
        var count = BpeMerger.Merge(list.Ids, output.Ranges is null ? [] : list.Lengths, table);
        if (output.Ranges is null) output.Ids.AddRange(list.Ids[..count]);
        for (var i = 0; output.Ranges is not null && i < count; i++) output.Add(list.Ids[i], list.Lengths[i]);
        list.Return();
    }

    // Words to look up whole: tokens that merging their own bytes gives, or, where merges are ignored, all.
    private IEnumerable<(byte[] Bytes, int Id)> ReachableByteTokens()
    {
        for (var id = 0; id < Tokens.Count; id++)
        {
            if (Tokens[id] is { Length: > 0 } token && ByteAlphabet.ToBytes(token) is { } bytes && (options.IgnoreMerges || IsReachable(bytes, id))) yield return (bytes, id);
        }
    }

    private bool IsReachable(byte[] bytes, int id)
    {
        var output = new TokenBuffer([]);
        var list = new SymbolList(stackalloc int[StackSymbols], stackalloc int[StackSymbols], symbols.MaximumSymbols(bytes.Length));
        symbols.Append(bytes, ref list, output);
        Finish(ref list, output);
        return output.Ids.Count == 1 && output.Ids[0] == id && output.UnknownCount == 0;
    }

    private bool IsReachable(string token, int id)
    {
        var output = new TokenBuffer([]);
        MergeCharacters(token, output);
        return output.Ids.Count == 1 && output.Ids[0] == id && output.UnknownCount == 0;
    }
}
