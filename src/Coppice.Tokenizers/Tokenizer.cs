using System.Globalization;
using Coppice.Foundation;
using Coppice.Tokenizers.Serialization;

namespace Coppice.Tokenizers;

/// <summary>
/// A tokenizer as Hugging Face's <c>tokenizer.json</c> describes it: added tokens, normalizer, pre-tokenizer, model, post-processor, decoder.
/// Immutable and thread-safe.
/// </summary>
public sealed partial class Tokenizer : ITokenizer
{
    /// <summary>The file of a tokenizer in a model directory.</summary>
    public const string FileName = "tokenizer.json";

    private const string SentencePieceFileName = "tokenizer.model";
    private readonly TokenizerParts parts;
    private readonly AddedTokenMatcher? rawMatcher;
    private readonly AddedTokenMatcher? normalizedMatcher;
    private readonly string?[] tokens;
    private readonly bool[] isSpecial;
    private readonly Dictionary<string, int> addedIds;
    private readonly bool seesBytes;
    private readonly bool seesTextUnchanged;
    private readonly Lazy<string> fingerprint;

    internal Tokenizer(TokenizerParts parts)
    {
        // What the text can't spell: a special token that is written in it is plain text.
        parts = parts with { Model = parts.Model.Hiding(parts.AddedTokens.Where(token => token.Special).Select(token => token.Id)) };
        this.parts = parts;
        addedIds = parts.AddedTokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        VocabularySize = parts.AddedTokens.Aggregate(parts.Model.Tokens.Count, (size, token) => Math.Max(size, token.Id + 1));
        tokens = new string?[VocabularySize];
        for (var id = 0; id < parts.Model.Tokens.Count; id++) tokens[id] = parts.Model.Tokens[id];
        foreach (var token in parts.AddedTokens) tokens[token.Id] = token.Content;
        foreach (var id in parts.PostProcessor?.AddedIds ?? [])
        {
            if (IdToToken(id) is null) throw new CoppiceException($"post_processor: the id {id.ToString(CultureInfo.InvariantCulture)} is not in the vocabulary");
        }

        BeginOfText = SpecialTokenRoles.Begin(parts);
        EndOfText = SpecialTokenRoles.End(parts);
        SpecialTokens = SpecialIds().ToDictionary(id => tokens[id]!, id => id, StringComparer.Ordinal);
        isSpecial = new bool[VocabularySize];
        foreach (var id in SpecialTokens.Values) isSpecial[id] = true;
        seesBytes = parts.PreTokenizer?.IsByteLevel ?? false;
        seesTextUnchanged = parts.Model is Models.BpeModel && parts.Normalizer is null && parts.PreTokenizer is null or { OnlySplits: true } && parts.AddedTokens.All(token => token.Special);
        rawMatcher = Matcher(parts.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        // Where normalising makes two the same, the special one counts.
        normalizedMatcher = Matcher(parts.AddedTokens.Where(token => token.Normalized).OrderByDescending(token => token.Special).Select(token => (Normalize(token.Content), token)));
        fingerprint = new Lazy<string>(() => Checksum.Of(TokenizerJson.Write(parts with { Truncation = null, Padding = null, Decoder = null })));
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int? BeginOfText { get; }

    /// <inheritdoc/>
    public int? EndOfText { get; }

    /// <inheritdoc/>
    public string Fingerprint => fingerprint.Value;

    /// <summary>The control tokens with their ids: the special added tokens and those that begin and end a document.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    internal Models.TokenModel Model => parts.Model;

    internal TokenizerParts Parts => parts;

    /// <summary>
    /// Reads a tokenizer from a <c>tokenizer.json</c>, a SentencePiece <c>.model</c> or a tiktoken file, or from the folder that holds a
    /// <c>tokenizer.json</c> or else a <c>tokenizer.model</c>. A tiktoken file must have the name of its encoding, such as <c>cl100k_base.tiktoken</c>.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="CoppiceException">The file can't be read, or something in it is wrong or not supported: the message says what and where.</exception>
    public static Tokenizer Load(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        if (file != path && !File.Exists(file) && File.Exists(Path.Combine(path, SentencePieceFileName))) file = Path.Combine(path, SentencePieceFileName);
        return Read(file, bytes =>
        {
            var start = bytes.AsSpan().IndexOfAnyExcept(" \t\r\n"u8);
            if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || (start >= 0 && bytes[start] == '{')) return TokenizerJson.Read(bytes);
            if (!TiktokenReader.Recognizes(bytes)) return SentencePieceReader.Read(bytes);
            var name = Path.GetFileNameWithoutExtension(file);
            return TiktokenReader.Knows(name)
                ? TiktokenReader.Read(bytes, name)
                : throw new CoppiceException($"this is a tiktoken file of an unknown encoding; give the file the name of one ({TiktokenReader.Names}), such as cl100k_base.tiktoken");
        });
    }

    /// <summary>Reads a tokenizer from a tiktoken file: a line for each token, its bytes in base64 and its rank.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">Whose pattern and special tokens go with it: <c>gpt2</c>, <c>r50k_base</c>, <c>p50k_base</c>, <c>p50k_edit</c>, <c>cl100k_base</c>, <c>o200k_base</c> or <c>llama3</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read or is broken, or there is no such encoding.</exception>
    public static Tokenizer LoadTiktoken(string path, string encoding) => Read(path, bytes => TiktokenReader.Read(bytes, encoding));

    /// <summary>Reads a tokenizer from the text of a <c>tokenizer.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="CoppiceException">Something in it is wrong or not supported: the message says what and where.</exception>
    public static Tokenizer FromJson(string json) => TokenizerJson.Read(System.Text.Encoding.UTF8.GetBytes(json));

    /// <summary>The tokenizer as the text of a <c>tokenizer.json</c>.</summary>
    public string ToJson() => System.Text.Encoding.UTF8.GetString(TokenizerJson.Write(parts));

    /// <summary>Writes the tokenizer as a <c>tokenizer.json</c>.</summary>
    /// <param name="path">The file, or a folder that exists.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Save(string path) => AtomicFile.WriteBytes(Directory.Exists(path) ? Path.Combine(path, FileName) : path, TokenizerJson.Write(parts));

    /// <summary>The id of a token, added tokens included, or null.</summary>
    /// <param name="token">The token as the vocabulary writes it.</param>
    public int? TokenToId(string token) => addedIds.TryGetValue(token, out var id) ? id : parts.Model.TokenToId(token);

    /// <summary>The token of an id as the vocabulary writes it, or null where the id has none.</summary>
    /// <param name="id">The id.</param>
    public string? IdToToken(int id) => id >= 0 && id < tokens.Length ? tokens[id] : null;

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var stream = CreateStreamingDecoder(skipSpecialTokens);
        foreach (var id in ids) stream.Push(id);
        return stream.Finish();
    }

    /// <summary>Starts decoding tokens that come one at a time.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public StreamingDecoder CreateStreamingDecoder(bool skipSpecialTokens = true) => new(id => TextOf(id, skipSpecialTokens), parts.Decoder);

    private static Tokenizer Read(string file, Func<byte[], Tokenizer> read)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{file}: can't be read: {error.Message}", inner: error);
        }

        try
        {
            return read(bytes);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"{file}: {error.Message}", error.ExitCode, error);
        }
    }

    private string? TextOf(int id, bool skipSpecialTokens)
    {
        if (id < 0 || id >= tokens.Length) throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary has ids from 0 to {tokens.Length - 1}.");
        return skipSpecialTokens && isSpecial[id] ? null : tokens[id];
    }

    private IEnumerable<int> SpecialIds()
    {
        var ids = parts.AddedTokens.Where(token => token.Special).Select(token => token.Id);
        if (BeginOfText is { } begin) ids = ids.Append(begin);
        if (EndOfText is { } end) ids = ids.Append(end);
        return ids.Distinct();
    }

    private static AddedTokenMatcher? Matcher(IEnumerable<(string, AddedToken)> patterns)
    {
        var all = patterns.ToList();
        return all.Count == 0 ? null : new AddedTokenMatcher(all);
    }

    private string Normalize(string content)
    {
        var text = NormalizedText.From(content, 0, trackOffsets: false);
        parts.Normalizer?.Apply(text);
        return text.Text;
    }
}
