using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PostProcessors;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Serialization;

/// <summary>Reads the components of <c>tokenizer.json</c> other than the model.</summary>
internal static class Components
{
    public static readonly ComponentRegistry<Normalizer> Normalizers = new(new Dictionary<string, Func<JsonField, Normalizer>>
    {
        ["BertNormalizer"] = ReadBertNormalizer,
        ["ByteLevel"] = _ => new ByteLevelNormalizer(),
        ["Lowercase"] = _ => new LowercaseNormalizer(),
        ["NFC"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormC),
        ["NFD"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormD),
        ["NFKC"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormKC),
        ["NFKD"] = _ => new UnicodeNormalizer(System.Text.NormalizationForm.FormKD),
        ["Nmt"] = _ => new NmtNormalizer(),
        ["Precompiled"] = ReadPrecompiled,
        ["Prepend"] = field => new PrependNormalizer(field["prepend"].RequireString()),
        ["Replace"] = field => new ReplaceNormalizer(ReadPattern(field["pattern"]), field["content"].RequireString()),
        ["Sequence"] = field => new NormalizerSequence(Normalizers!.ReadAll(field["normalizers"])),
        ["Strip"] = field => new StripNormalizer(field["strip_left"].OptionalBoolean(true), field["strip_right"].OptionalBoolean(true)),
        ["StripAccents"] = _ => new AccentStripper(),
    });

    public static readonly ComponentRegistry<PreTokenizer> PreTokenizers = new(new Dictionary<string, Func<JsonField, PreTokenizer>>
    {
        ["BertPreTokenizer"] = _ => new BertPreTokenizer(),
        ["ByteLevel"] = field => new ByteLevelPreTokenizer(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["CharDelimiterSplit"] = field => new DelimiterPreTokenizer(field["delimiter"].RequireCharacter()),
        ["Digits"] = field => new DigitsPreTokenizer(field["individual_digits"].OptionalBoolean(false)),
        ["FixedLength"] = ReadFixedLength,
        ["Metaspace"] = field => new MetaspacePreTokenizer(ReadReplacement(field["replacement"]), ReadPrependScheme(field), field["split"].OptionalBoolean(true)),
        ["Punctuation"] = field => new PunctuationPreTokenizer(field["behavior"].IsNull ? SplitBehavior.Isolated : ReadBehavior(field["behavior"])),
        ["Sequence"] = field => new PreTokenizerSequence(PreTokenizers!.ReadAll(field["pretokenizers"])),
        ["Split"] = field => new SplitPreTokenizer(ReadPattern(field["pattern"]), ReadBehavior(field["behavior"]), field["invert"].OptionalBoolean(false)),
        ["UnicodeScripts"] = _ => new ScriptPreTokenizer(),
        ["Whitespace"] = _ => new WhitespacePreTokenizer(),
        ["WhitespaceSplit"] = _ => new WhitespaceSplitPreTokenizer(),
    });

    public static readonly ComponentRegistry<PostProcessor> PostProcessors = new(new Dictionary<string, Func<JsonField, PostProcessor>>
    {
        ["BertProcessing"] = field => new BertPostProcessor(ReadEdgeToken(field["cls"]), ReadEdgeToken(field["sep"])),
        ["ByteLevel"] = field => new ByteLevelPostProcessor(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["RobertaProcessing"] = field => new RobertaPostProcessor(
            ReadEdgeToken(field["cls"]), ReadEdgeToken(field["sep"]), field["trim_offsets"].OptionalBoolean(true), field["add_prefix_space"].OptionalBoolean(true)),
        ["TemplateProcessing"] = ReadTemplate,
        ["Sequence"] = field => new PostProcessorSequence(PostProcessors!.ReadAll(field["processors"])),
    });

    public static readonly ComponentRegistry<Decoder> Decoders = new(new Dictionary<string, Func<JsonField, Decoder>>
    {
        ["BPEDecoder"] = field => new BpeDecoder(field["suffix"].OptionalString() ?? "</w>"),
        ["ByteLevel"] = field => new ByteLevelDecoder(
            field["add_prefix_space"].OptionalBoolean(true), field["trim_offsets"].OptionalBoolean(true), field["use_regex"].OptionalBoolean(true)),
        ["ByteFallback"] = _ => new ByteFallbackDecoder(),
        ["CTC"] = field => new CtcDecoder(
            field["pad_token"].OptionalString() ?? "<pad>", field["word_delimiter_token"].OptionalString() ?? "|", field["cleanup"].OptionalBoolean(true)),
        ["Fuse"] = _ => new FuseDecoder(),
        ["Metaspace"] = field => new MetaspaceDecoder(ReadReplacement(field["replacement"]), ReadPrependScheme(field), field["split"].OptionalBoolean(true)),
        ["Replace"] = field => new ReplaceDecoder(ReadPattern(field["pattern"]), field["content"].RequireString()),
        ["Strip"] = ReadStrip,
        ["Sequence"] = field => new DecoderSequence(Decoders!.ReadAll(field["decoders"])),
        ["WordPiece"] = field => new WordPieceDecoder(field["prefix"].OptionalString() ?? "##", field["cleanup"].OptionalBoolean(true)),
    });

    private static TextPattern ReadPattern(JsonField field)
    {
        var (name, value) = field.RequireObject().FirstOrDefault();
        return name switch
        {
            "String" => new TextPattern(value.RequireString(), isRegex: false),
            "Regex" => ReadRegex(value),
            _ => throw field.Error("must be {\"String\": ...} or {\"Regex\": ...}"),
        };
    }

    private static TextPattern ReadRegex(JsonField field)
    {
        try
        {
            return new TextPattern(field.RequireString(), isRegex: true);
        }
        catch (CoppiceException error)
        {
            throw field.Error(error.Message, error);
        }
    }

    private static SplitBehavior ReadBehavior(JsonField field)
    {
        var name = field.RequireString();
        return Enum.GetNames<SplitBehavior>().Contains(name, StringComparer.Ordinal)
            ? Enum.Parse<SplitBehavior>(name)
            : throw field.Error($"{Quoted.Text(name)} is not supported; supported are {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
    }

    private static BertNormalizer ReadBertNormalizer(JsonField field) => new(new BertNormalizerOptions(
        field["clean_text"].OptionalBoolean(true),
        field["handle_chinese_chars"].OptionalBoolean(true),
        field["strip_accents"].IsNull ? null : field["strip_accents"].OptionalBoolean(false),
        field["lowercase"].OptionalBoolean(true)));

    private static PrecompiledNormalizer ReadPrecompiled(JsonField field)
    {
        var table = field["precompiled_charsmap"];
        try
        {
            return new PrecompiledNormalizer(table.RequireBase64());
        }
        catch (CoppiceException error) when (!error.Message.StartsWith(table.Path, StringComparison.Ordinal))
        {
            throw table.Error(error.Message, error);
        }
    }

    private static FixedLengthPreTokenizer ReadFixedLength(JsonField field)
    {
        var length = field["length"].IsNull ? 5 : field["length"].RequireInteger();
        return length > 0 ? new FixedLengthPreTokenizer(length) : throw field["length"].Error("must be at least 1");
    }

    private static char ReadReplacement(JsonField field) =>
        field.RequireCharacter() is { IsBmp: true } replacement ? (char)replacement.Value : throw field.Error("must be one character of the basic plane");

    // Files from before 2024 have add_prefix_space instead.
    private static PrependScheme ReadPrependScheme(JsonField field)
    {
        if (field["prepend_scheme"].IsNull) return field["add_prefix_space"].OptionalBoolean(true) ? PrependScheme.Always : PrependScheme.Never;
        var name = field["prepend_scheme"].RequireString();
        foreach (var scheme in Enum.GetValues<PrependScheme>())
        {
            if (MetaspacePreTokenizer.NameOf(scheme) == name) return scheme;
        }

        throw field["prepend_scheme"].Error($"{Quoted.Text(name)} is not supported; supported are always, first, never");
    }

    private static EdgeToken ReadEdgeToken(JsonField field)
    {
        var items = field.RequireArray().ToList();
        return items.Count == 2 ? new EdgeToken(items[0].RequireString(), items[1].RequireInteger()) : throw field.Error("must be a token and its id");
    }

    private static StripDecoder ReadStrip(JsonField field)
    {
        var content = ReadReplacement(field["content"]);
        var start = field["start"].RequireInteger();
        var stop = field["stop"].RequireInteger();
        if (start < 0 || stop < 0) throw field.Error("start and stop can't be negative");
        return new StripDecoder(content, start, stop);
    }

    private static TemplatePostProcessor ReadTemplate(JsonField field)
    {
        var special = new Dictionary<string, IReadOnlyList<(int, string)>>(StringComparer.Ordinal);
        foreach (var (name, definition) in field["special_tokens"].RequireObject())
        {
            var ids = definition["ids"].RequireArray().Select(id => id.RequireInteger()).ToList();
            var tokens = definition["tokens"].RequireArray().Select(token => token.RequireString()).ToList();
            if (ids.Count != tokens.Count) throw definition.Error("needs as many ids as tokens");
            special[name] = ids.Zip(tokens).ToList();
        }

        return new TemplatePostProcessor(field["single"].RequireArray().Select(item => ReadTemplateItem(item, special)).ToList(), field.Value.Clone());
    }

    private static TemplateItem ReadTemplateItem(JsonField item, Dictionary<string, IReadOnlyList<(int, string)>> special)
    {
        if (!item["Sequence"].IsNull) return new TemplateItem(null);
        var name = item["SpecialToken"]["id"].RequireString();
        return special.TryGetValue(name, out var tokens)
            ? new TemplateItem(tokens)
            : throw item.Error($"the special token {Quoted.Text(name)} is not among special_tokens");
    }
}
