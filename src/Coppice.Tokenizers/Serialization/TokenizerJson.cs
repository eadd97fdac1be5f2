using System.Text.Encodings.Web;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Serialization;

/// <summary>
/// Reads and writes Hugging Face's <c>tokenizer.json</c>. <c>truncation</c> and <c>padding</c> say how a batch is shaped, not what a text's tokens are:
/// they are kept but not applied.
/// </summary>
internal static class TokenizerJson
{
    private static readonly JsonDocumentOptions ReadOptions = new() { MaxDepth = 64 };
    private static readonly JsonWriterOptions WriteOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Tokenizer Read(ReadOnlyMemory<byte> json)
    {
        using var document = Parse(json);
        var root = new JsonField("", document.RootElement);
        if (root.Value.ValueKind != JsonValueKind.Object) throw new CoppiceException("this is no tokenizer.json: it must be a JSON object");
        var preTokenizer = Components.PreTokenizers.ReadOptional(root["pre_tokenizer"])?.WithBytesWritten(alsoLast: !ModelReaders.LooksAtBytes(root["model"]));
        var model = ModelReaders.Read(root["model"], preTokenizer?.IsByteLevel ?? false);
        return new Tokenizer(new TokenizerParts
        {
            Model = model,
            AddedTokens = ReadAddedTokens(root["added_tokens"], model),
            Normalizer = Components.Normalizers.ReadOptional(root["normalizer"]),
            PreTokenizer = preTokenizer,
            PostProcessor = Components.PostProcessors.ReadOptional(root["post_processor"]),
            Decoder = Components.Decoders.ReadOptional(root["decoder"]),
            Truncation = Keep(root["truncation"]),
            Padding = Keep(root["padding"]),
        });
    }

    public static byte[] Write(TokenizerParts parts)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, WriteOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("version", "1.0");
            WriteKept(writer, "truncation", parts.Truncation);
            WriteKept(writer, "padding", parts.Padding);
            writer.WriteStartArray("added_tokens");
            foreach (var token in parts.AddedTokens.OrderBy(token => token.Id)) WriteAddedToken(writer, token);
            writer.WriteEndArray();
            WriteOptional(writer, "normalizer", parts.Normalizer is null ? null : parts.Normalizer.Write);
            WriteOptional(writer, "pre_tokenizer", parts.PreTokenizer is null ? null : parts.PreTokenizer.Write);
            WriteOptional(writer, "post_processor", parts.PostProcessor is null ? null : parts.PostProcessor.Write);
            WriteOptional(writer, "decoder", parts.Decoder is null ? null : parts.Decoder.Write);
            WriteOptional(writer, "model", parts.Model.Write);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, ReadOptions);
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"this is no valid JSON: {error.Message.ReplaceLineEndings(" ")}", inner: error);
        }
    }

    private static List<AddedToken> ReadAddedTokens(JsonField field, TokenModel model)
    {
        if (field.IsNull) return [];
        var tokens = new List<AddedToken>();
        var contentOfId = new Dictionary<int, string>();
        var contents = new HashSet<string>(StringComparer.Ordinal);
        var items = field.RequireArray().ToList();
        foreach (var item in items)
        {
            var token = new AddedToken(
                item["id"].RequireInteger(),
                item["content"].RequireString(),
                item["special"].OptionalBoolean(false),
                item["single_word"].OptionalBoolean(false),
                item["lstrip"].OptionalBoolean(false),
                item["rstrip"].OptionalBoolean(false),
                item["normalized"].OptionalBoolean(true));
            try
            {
                Vocabulary.CheckId(token.Content, token.Id, model.Tokens.Count + items.Count);
            }
            catch (CoppiceException error)
            {
                throw item.Error(error.Message, error);
            }

            var inModel = model.TokenToId(token.Content);
            if (inModel is not null && inModel != token.Id) throw item.Error($"{Quoted.Text(token.Content)} has the id {inModel} in the model's vocabulary");
            if (inModel is null && token.Id < model.Tokens.Count && model.Tokens[token.Id] is { } other) throw item.Error($"the id belongs to {Quoted.Text(other)} in the model's vocabulary");
            if (!contentOfId.TryAdd(token.Id, token.Content)) throw item.Error($"the id belongs to {Quoted.Text(contentOfId[token.Id])} as well");
            if (!contents.Add(token.Content)) throw item.Error($"{Quoted.Text(token.Content)} comes twice");
            tokens.Add(token);
        }

        return tokens;
    }

    private static JsonElement? Keep(JsonField field) => field.IsNull ? null : field.Value.Clone();

    private static void WriteKept(Utf8JsonWriter writer, string name, JsonElement? value) => WriteOptional(writer, name, value is null ? null : value.Value.WriteTo);

    private static void WriteOptional(Utf8JsonWriter writer, string name, Action<Utf8JsonWriter>? write)
    {
        writer.WritePropertyName(name);
        if (write is null) writer.WriteNullValue();
        else write(writer);
    }

    private static void WriteAddedToken(Utf8JsonWriter writer, AddedToken token)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", token.Id);
        writer.WriteString("content", token.Content);
        writer.WriteBoolean("single_word", token.SingleWord);
        writer.WriteBoolean("lstrip", token.StripLeft);
        writer.WriteBoolean("rstrip", token.StripRight);
        writer.WriteBoolean("normalized", token.Normalized);
        writer.WriteBoolean("special", token.Special);
        writer.WriteEndObject();
    }
}
