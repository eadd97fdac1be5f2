using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Serialization;

/// <summary>Makes a tokenizer of a tiktoken file: lines of a token's bytes in base64 and its rank, which is its id. The pattern and the special tokens go by a name.</summary>
internal static class TiktokenReader
{
    private const string O200kPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
        @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly (string Token, int Id)[] EndOfGpt2 = [("<|endoftext|>", 50256)];

    private static readonly Dictionary<string, (string Pattern, (string Token, int Id)[] Special)> Encodings = new(StringComparer.Ordinal)
    {
        ["gpt2"] = (Gpt2Scanner.Pattern, EndOfGpt2),
        ["r50k_base"] = (Gpt2Scanner.Pattern, EndOfGpt2),
        ["p50k_base"] = (Gpt2Scanner.Pattern, EndOfGpt2),
        ["p50k_edit"] = (Gpt2Scanner.Pattern, [.. EndOfGpt2, ("<|fim_prefix|>", 50281), ("<|fim_middle|>", 50282), ("<|fim_suffix|>", 50283)]),
        ["cl100k_base"] = (Gpt4Scanner.Pattern,
        [
            ("<|endoftext|>", 100257), ("<|fim_prefix|>", 100258), ("<|fim_middle|>", 100259), ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276),
        ]),
        ["o200k_base"] = (O200kPattern, [("<|endoftext|>", 199999), ("<|endofprompt|>", 200018)]),
        ["llama3"] = (Gpt4Scanner.Pattern, [.. Llama3Tokens()]),
    };

    /// <summary>The names.</summary>
    public static string Names => string.Join(", ", Encodings.Keys.Order(StringComparer.Ordinal));

    /// <summary>Whether there is an encoding of a name.</summary>
    public static bool Knows(string name) => Encodings.ContainsKey(name);

    /// <summary>Whether a file looks like one: its first line is base64, a space and digits.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> file)
    {
        var line = file[..Math.Max(0, file.IndexOf((byte)'\n'))].TrimEnd((byte)'\r');
        var space = line.IndexOf((byte)' ');
        return space > 0 && Base64.IsValid(line[..space]) && space + 1 < line.Length && line[(space + 1)..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">Whose pattern and special tokens go with it.</param>
    /// <exception cref="CoppiceException">There is no such name, or the file is broken: the message says in which line.</exception>
    public static Tokenizer Read(ReadOnlySpan<byte> file, string name)
    {
        if (!Encodings.TryGetValue(name, out var encoding)) throw CoppiceException.Usage($"there is no tiktoken encoding '{name}'; there are {Names}");
        var entries = ReadTokens(file);
        if (entries.Count == 0) throw new CoppiceException("this tiktoken file has no tokens");
        var vocabulary = new Vocabulary(entries);
        for (var value = 0; value < 256; value++)
        {
            if (vocabulary.Find(ByteAlphabet.ToChar((byte)value).ToString()) is null) throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the byte {value} is no token"));
        }

        var merged = Enumerable.Range(0, vocabulary.Tokens.Count).Where(id => vocabulary.Tokens[id] is { Length: > 1 });
        var model = new BpeModel(vocabulary, MergesOfTokens.Find(vocabulary, merged), new BpeOptions { ByteLevel = true, IgnoreMerges = true });
        return new Tokenizer(new TokenizerParts
        {
            Model = model,
            AddedTokens = encoding.Special.Where(token => token.Id >= vocabulary.Tokens.Count || vocabulary.Tokens[token.Id] is null)
                .Select(token => new AddedToken(token.Id, token.Token)).ToList(),
            PreTokenizer = new PreTokenizerSequence(
            [
                new SplitPreTokenizer(new TextPattern(encoding.Pattern, isRegex: true), SplitBehavior.Isolated, invert: false),
                new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: false),
            ]),
            Decoder = new ByteLevelDecoder(addPrefixSpace: true, trimOffsets: true, useRegex: true),
        });
    }

    private static List<KeyValuePair<string, int>> ReadTokens(ReadOnlySpan<byte> file)
    {
        var entries = new List<KeyValuePair<string, int>>();
        var line = 0;
        while (file.Length > 0)
        {
            line++;
            var end = file.IndexOf((byte)'\n') is >= 0 and var found ? found : file.Length;
            var text = file[..end].TrimEnd((byte)'\r');
            file = file[Math.Min(end + 1, file.Length)..];
            if (text.Length == 0) continue;
            var space = text.IndexOf((byte)' ');
            var bytes = space <= 0 ? null : Decode(text[..space]);
            if (bytes is not { Length: > 0 } || !Utf8Parser.TryParse(text[(space + 1)..], out int rank, out var digits) || digits != text.Length - space - 1 || rank < 0)
            {
                throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"line {line} must be a token in base64, a space and its rank"));
            }

            entries.Add(KeyValuePair.Create(ByteAlphabet.ToToken(bytes), rank));
        }

        return entries;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> base64)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return Base64.DecodeFromUtf8(base64, bytes, out _, out var written) == OperationStatus.Done ? bytes[..written] : null;
    }

    // 256 ids after the 128,000 tokens; those without a use of their own are numbered.
    private static IEnumerable<(string Token, int Id)> Llama3Tokens()
    {
        var named = new Dictionary<int, string>
        {
            [0] = "<|begin_of_text|>", [1] = "<|end_of_text|>", [6] = "<|start_header_id|>", [7] = "<|end_header_id|>", [9] = "<|eot_id|>",
        };
        var reserved = 0;
        for (var i = 0; i < 256; i++)
        {
            yield return (named.GetValueOrDefault(i) ?? string.Create(CultureInfo.InvariantCulture, $"<|reserved_special_token_{reserved++}|>"), 128_000 + i);
        }
    }
}
