using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>The tokenizer of a GGUF file as a <c>tokenizer.json</c> that gives the same ids.</summary>
internal sealed class GgufTokenizerImport
{
    // SentencePiece's pieces have at most 16 characters by default; each place to cut is looked up.
    private const int LongestJoinedToken = 256;

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Name, string Key)[] Roles =
    [
        ("bos_token", GgufTokenizer.BeginKey), ("eos_token", GgufTokenizer.EndKey), ("unk_token", GgufTokenizer.UnknownKey), ("pad_token", GgufTokenizer.PaddingKey),
    ];

    private readonly GgufFile _file;
    private readonly GgufMetadata _metadata;
    private readonly string[] _tokens;
    private readonly int[] _types;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    private GgufTokenizerImport(GgufFile file, int vocabularySize)
    {
        _file = file;
        _metadata = file.Metadata;
        _tokens = [.. Elements<string>(GgufTokenizer.TokensKey, GgufValueType.Text, vocabularySize) ?? throw _metadata.Error(GgufTokenizer.TokensKey, "is missing")];
        _types = [.. Elements<long>(GgufTokenizer.TypesKey, GgufValueType.Int32, vocabularySize)?.Select(type => (int)type) ?? Enumerable.Repeat(GgufTokenizer.Normal, vocabularySize)];
        for (var id = 0; id < vocabularySize; id++)
        {
            if (_types[id] == GgufTokenizer.Unused) continue;
            if (_tokens[id].Length == 0) throw _metadata.Error(GgufTokenizer.TokensKey, $"token {id} is empty");
            if (!_ids.TryAdd(_tokens[id], id)) throw _metadata.Error(GgufTokenizer.TokensKey, $"tokens {_ids[_tokens[id]]} and {id} are the same");
        }
    }

    /// <summary>Reads the tokenizer of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="vocabularySize">How many tokens the model has.</param>
    /// <returns>The text of a <c>tokenizer.json</c>, or null where the file has no tokenizer.</returns>
    /// <exception cref="CoppiceException">It is none that is supported, or contradicts itself.</exception>
    public static string? Read(GgufFile file, int vocabularySize)
    {
        var model = file.Metadata.OptionalText(GgufTokenizer.ModelKey);
        return model switch
        {
            null or GgufTokenizer.NoModel or "none" => null,
            GgufTokenizer.ByteModel => new GgufTokenizerImport(file, vocabularySize).ByteModel(),
            GgufTokenizer.CharacterModel => new GgufTokenizerImport(file, vocabularySize).CharacterModel(),
            _ => throw file.Metadata.Error(GgufTokenizer.ModelKey, $"the tokenizer '{model}' is not supported; supported are {GgufTokenizer.ByteModel} and {GgufTokenizer.CharacterModel}"),
        };
    }

    /// <summary>Reads what the special tokens of a file's tokenizer are for, and its chat template.</summary>
    /// <param name="file">The file; it has a tokenizer.</param>
    /// <param name="configuration">The model's configuration.</param>
    /// <returns>The text of a <c>tokenizer_config.json</c>.</returns>
    /// <exception cref="CoppiceException">It contradicts itself.</exception>
    public static string ReadConfiguration(GgufFile file, ModelConfiguration configuration)
    {
        var tokenizer = new GgufTokenizerImport(file, configuration.VocabularySize);
        var json = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["model_max_length"] = configuration.MaxPositions, ["clean_up_tokenization_spaces"] = false };
        foreach (var (name, key) in Roles)
        {
            if (tokenizer.Id(key) is { } id) json[name] = tokenizer._tokens[id];
        }

        if (file.Metadata.OptionalText(GgufTokenizer.ChatTemplateKey) is { } template) json["chat_template"] = template;
        return json.ToJsonString(Format) + "\n";
    }

    private string ByteModel()
    {
        var name = _metadata.Text(GgufTokenizer.PatternKey);
        var known = GgufTokenizer.WordPatterns.FirstOrDefault(entry => entry.Names.Contains(name));
        if (known.Names is null)
            throw _metadata.Error(GgufTokenizer.PatternKey, $"words cut as '{name}' are not supported; supported are {string.Join(", ", GgufTokenizer.WordPatterns.SelectMany(entry => entry.Names))}");
        var merges = Merges() ?? throw _metadata.Error(GgufTokenizer.MergesKey, "is missing");
        var pre = known.Pattern == GgufTokenizer.Gpt2Pattern
            ? ByteLevel(addPrefixSpace: false, useRegex: true)
            : new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = known.Pattern }, ["behavior"] = "Isolated", ["invert"] = false },
                    ByteLevel(addPrefixSpace: false, useRegex: false)),
            };
        return Text(normalizer: null, pre, ByteLevel(addPrefixSpace: true, useRegex: true), Model(merges, unknown: null, byteFallback: false, known.IgnoreMerges));
    }

    private string CharacterModel()
    {
        var addSpace = _metadata.Flag(GgufTokenizer.AddSpaceKey, true);
        var spaces = new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = GgufTokenizer.Space };
        var normalizer = addSpace
            ? new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = GgufTokenizer.Space }, spaces) }
            : spaces;
        var decoders = new JsonArray(
            new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = GgufTokenizer.Space }, ["content"] = " " },
            new JsonObject { ["type"] = "ByteFallback" },
            new JsonObject { ["type"] = "Fuse" });
        if (addSpace) decoders.Add(new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 });
        var unknown = Id(GgufTokenizer.UnknownKey) is { } id ? _tokens[id] : null;
        return Text(normalizer, pre: null, new JsonObject { ["type"] = "Sequence", ["decoders"] = decoders }, Model(Merges() ?? MergesOfScores(), unknown, byteFallback: true, ignoreMerges: false));
    }

    private string Text(JsonNode? normalizer, JsonNode? pre, JsonNode decoder, JsonNode model)
    {
        var added = Enumerable.Range(0, _tokens.Length).Where(id => _types[id] is GgufTokenizer.Control or GgufTokenizer.UserDefined or GgufTokenizer.Unknown);
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. added.Select(AddedToken)]),
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = pre,
            ["post_processor"] = Template(),
            ["decoder"] = decoder,
            ["model"] = model,
        };
        return json.ToJsonString(Format) + "\n";
    }

    private JsonObject Model(List<(string Left, string Right)> merges, string? unknown, bool byteFallback, bool ignoreMerges)
    {
        var vocabulary = new JsonObject();
        foreach (var (token, id) in _ids.OrderBy(entry => entry.Value)) vocabulary.Add(token, id);
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = unknown,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = byteFallback,
            ["byte_fallback"] = byteFallback,
            ["ignore_merges"] = ignoreMerges,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
        };
    }

    /// <summary>The special tokens that go around a text, as the file's switches say.</summary>
    private JsonObject? Template()
    {
        // llama.cpp's defaults where a file doesn't say.
        var isCharacters = _metadata.Text(GgufTokenizer.ModelKey) == GgufTokenizer.CharacterModel;
        var begin = _metadata.Flag(GgufTokenizer.AddBeginKey, isCharacters) ? Id(GgufTokenizer.BeginKey) : null;
        var end = _metadata.Flag(GgufTokenizer.AddEndKey, false) ? Id(GgufTokenizer.EndKey) : null;
        if (begin is null && end is null) return null;
        JsonArray Around(params (string Sequence, int Type)[] sequences)
        {
            var items = new JsonArray();
            foreach (var (sequence, type) in sequences)
            {
                if (begin is { } first) items.Add(new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = _tokens[first], ["type_id"] = type } });
                items.Add(new JsonObject { ["Sequence"] = new JsonObject { ["id"] = sequence, ["type_id"] = type } });
                if (end is { } last) items.Add(new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = _tokens[last], ["type_id"] = type } });
            }

            return items;
        }

        var special = new JsonObject();
        foreach (var id in new[] { begin, end }.OfType<int>().Distinct())
            special[_tokens[id]] = new JsonObject { ["id"] = _tokens[id], ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(_tokens[id]) };
        return new JsonObject { ["type"] = "TemplateProcessing", ["single"] = Around(("A", 0)), ["pair"] = Around(("A", 0), ("B", 1)), ["special_tokens"] = special };
    }

    private JsonObject AddedToken(int id) => new()
    {
        ["id"] = id,
        ["content"] = _tokens[id],
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = _types[id] != GgufTokenizer.UserDefined,
    };

    private List<(string Left, string Right)>? Merges()
    {
        if (Elements<string>(GgufTokenizer.MergesKey, GgufValueType.Text, count: null) is not { } texts) return null;
        var merges = new List<(string, string)>();
        foreach (var text in texts)
        {
            var space = text.IndexOf(' ', Math.Min(1, text.Length));
            var (left, right) = space < 0 ? ("", "") : (text[..space], text[(space + 1)..]);
            if (!_ids.ContainsKey(left) || !_ids.ContainsKey(right) || !_ids.ContainsKey(left + right))
                throw _metadata.Error(GgufTokenizer.MergesKey, $"merge {merges.Count} does not join two tokens to a third");
            merges.Add((left, right));
        }

        return merges;
    }

    /// <summary>Without merges the scores decide: any two neighbours join to a token, the highest score first.</summary>
    private List<(string Left, string Right)> MergesOfScores()
    {
        var scores = Elements<double>(GgufTokenizer.ScoresKey, GgufValueType.Float32, _tokens.Length)?.ToArray() ?? throw _metadata.Error(GgufTokenizer.ScoresKey, "is missing");
        var merges = new List<(string Left, string Right)>();
        bool IsJoined(string token) => _ids.TryGetValue(token, out var id) && _types[id] == GgufTokenizer.Normal;
        foreach (var id in Enumerable.Range(0, _tokens.Length).Where(id => _types[id] == GgufTokenizer.Normal).OrderByDescending(id => scores[id]).ThenBy(id => id))
        {
            if (_tokens[id].Length > LongestJoinedToken) throw _metadata.Error(GgufTokenizer.TokensKey, $"token {id} is longer than {LongestJoinedToken} characters");
            merges.AddRange(GgufTokenizer.Splits(_tokens[id]).Where(split => IsJoined(split.Left) && IsJoined(split.Right)).OrderBy(split => _ids[split.Left]).ThenBy(split => _ids[split.Right]));
        }

        return merges;
    }

    private int? Id(string key)
    {
        var id = _metadata.OptionalWhole(key);
        return id is null || (id < _tokens.Length && _types[id.Value] != GgufTokenizer.Unused) ? id : throw _metadata.Error(key, $"{id} is not in the vocabulary of {_tokens.Length}");
    }

    /// <summary>The elements of an array, or null where there is none.</summary>
    private IEnumerable<T>? Elements<T>(string key, GgufValueType type, int? count)
    {
        if (!_metadata.TryGetArray(key, type, out var array)) return null;
        if (count is { } expected && array.Count != expected) throw _metadata.Error(key, $"has {array.Count} elements; the model has {expected} tokens");
        return _file.Read(array, key).Select(element => (T)element);
    }

    private static JsonObject ByteLevel(bool addPrefixSpace, bool useRegex) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = addPrefixSpace, ["trim_offsets"] = true, ["use_regex"] = useRegex };
}
