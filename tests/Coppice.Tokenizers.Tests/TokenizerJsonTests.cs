using System.Text;
using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Tokenizers.Tests;

/// <summary>Files that are broken, or hold what isn't supported: one line that says what and where, never a crash.</summary>
public class TokenizerJsonTests
{
    private static CoppiceException Refused(string json)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("tokenizer.json", json);
        var error = Assert.Throws<CoppiceException>(() => Tokenizer.Load(path));
        Assert.StartsWith(path + ": ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        return error;
    }

    [Theory]
    [InlineData("normalizer", "Foo", "normalizer 'Foo' is not supported; supported are BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents")]
    [InlineData("pre_tokenizer", "Foo", "pre_tokenizer 'Foo' is not supported; supported are BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit")]
    [InlineData("post_processor", "Foo", "post_processor 'Foo' is not supported; supported are BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing")]
    [InlineData("decoder", "Foo", "decoder 'Foo' is not supported; supported are")]
    [InlineData("model", "Foo", "model 'Foo' is not supported; supported are BPE, Unigram, WordLevel, WordPiece")]
    public void Unknown_components_are_refused_by_name(string part, string type, string expected) =>
        Assert.Contains(expected, Refused(SmallTokenizers.With(root => root[part] = new JsonObject { ["type"] = type })).Message);

    [Fact]
    public void An_unknown_part_of_a_sequence_is_refused_with_its_place() => Assert.Contains(
        "normalizer.normalizers[1] 'Uppercase' is not supported",
        Refused(SmallTokenizers.With(root => root["normalizer"]!["normalizers"]![1] = new JsonObject { ["type"] = "Uppercase" })).Message);

    [Theory]
    [InlineData("dropout", "0.1", "model.dropout: ")]
    [InlineData("continuing_subword_prefix", "7", "model.continuing_subword_prefix: must be a string, not number")]
    [InlineData("end_of_word_suffix", "[]", "model.end_of_word_suffix: must be a string, not array")]
    [InlineData("unk_token", "\"nowhere\"", "model: the unknown token 'nowhere' is not in the vocabulary")]
    [InlineData("unk_token", "3", "model.unk_token: must be a string, not number")]
    [InlineData("fuse_unk", "\"yes\"", "model.fuse_unk: must be true or false, not string")]
    [InlineData("vocab", "null", "model.vocab: must be an object, not null")]
    [InlineData("vocab", "[]", "model.vocab: must be an object, not array")]
    [InlineData("vocab", "{}", "model.vocab: is empty")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": -1}", "model.vocab: the token 'a' has the id -1")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": 2147483647}", "model.vocab: the token 'a' has the id 2147483647")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": 99999999999}", "model.vocab['a']: must be an integer")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": 1.5}", "model.vocab['a']: must be an integer")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": \"1\"}", "model.vocab['a']: must be an integer, not string")]
    [InlineData("vocab", "{\"<unk>\": 0, \"a\": 0}", "model.vocab: the id 0 belongs to two tokens, '<unk>' and 'a'")]
    [InlineData("merges", "[\"a z\"]", "model.merges[0]: the token 'z' is not in the vocabulary")]
    [InlineData("merges", "[\"b a\"]", "model.merges[0]: the token 'ba' is not in the vocabulary")]
    [InlineData("merges", "[\"ab\"]", "model.merges[0]: must name two tokens")]
    [InlineData("merges", "[[\"a\", \"b\", \"a\"]]", "model.merges[0]: must name two tokens")]
    [InlineData("merges", "[7]", "model.merges[0]: must be an array, not number")]
    [InlineData("merges", "{}", "model.merges: must be an array, not object")]
    public void A_wrong_model_is_refused_with_the_place(string field, string value, string expected) =>
        Assert.Contains(expected, Refused(SmallTokenizers.With(root => root["model"]![field] = JsonNode.Parse(value))).Message);

    [Fact]
    public void A_vocabulary_without_merges_or_a_file_without_a_vocabulary_is_refused()
    {
        Assert.Contains("model.merges: is missing", Refused(SmallTokenizers.With(root => root["model"]!.AsObject().Remove("merges"))).Message);
        Assert.Contains("model.vocab: is missing", Refused(SmallTokenizers.With(root => root["model"]!.AsObject().Remove("vocab"))).Message);
        Assert.Contains("model: is missing", Refused("{}").Message);
    }

    [Fact]
    public void A_token_that_comes_twice_is_refused() =>
        Assert.Contains("'<unk>' is in the vocabulary twice", Refused(SmallTokenizers.LlamaJson.Replace("{\"<unk>\": 0,", "{\"<unk>\": 0, \"<unk>\": 11,", StringComparison.Ordinal)).Message);

    [Theory]
    [InlineData("{\"id\": 5, \"content\": \"<x>\"}", "the id belongs to '▁' in the model's vocabulary")]
    [InlineData("{\"id\": 11, \"content\": \"a\"}", "'a' has the id 6 in the model's vocabulary")]
    [InlineData("{\"id\": 2000000000, \"content\": \"<x>\"}", "has the id 2000000000")]
    [InlineData("{\"id\": 1, \"content\": \"<s>\"}", "the id belongs to '<s>' as well")]
    [InlineData("{\"content\": \"<x>\"}", "id: is missing")]
    [InlineData("{\"id\": 11}", "content: is missing")]
    [InlineData("\"<x>\"", "must be an object, not string")]
    public void A_lying_added_token_is_refused(string token, string expected)
    {
        var message = Refused(SmallTokenizers.With(root => root["added_tokens"]!.AsArray().Add(JsonNode.Parse(token)))).Message;
        Assert.Contains("added_tokens[3]", message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<q>\"}}],\"special_tokens\":{}}", "'<q>' is not among special_tokens")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{}],\"special_tokens\":{}}", "SpecialToken: is missing")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"q\"}}],\"special_tokens\":{\"q\":{\"ids\":[77],\"tokens\":[\"q\"]}}}", "the id 77 is not in the vocabulary")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}", "the pattern ( can't be read")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[[:alpha:]]\"},\"behavior\":\"Isolated\"}", "POSIX")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{},\"behavior\":\"Isolated\"}", "pre_tokenizer.pattern: must be")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Sideways\"}", "'Sideways' is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"ab\"}", "pre_tokenizer.replacement: must be one character")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"often\"}", "pre_tokenizer.prepend_scheme: 'often' is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"FixedLength\",\"length\":0}", "pre_tokenizer.length: must be at least 1")]
    [InlineData("pre_tokenizer", "{\"type\":\"Punctuation\",\"behavior\":\"Kept\"}", "pre_tokenizer.behavior: 'Kept' is not supported")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}", "normalizer.precompiled_charsmap: is no valid base64")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"////fw==\"}", "normalizer.precompiled_charsmap: the table of replacements is broken")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\"]}", "post_processor.cls: must be a token and its id")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\",70]}", "post_processor: the id 70 is not in the vocabulary")]
    [InlineData("model", "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}", "model.vocab[0]: must be a token and its score")]
    [InlineData("model", "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",1e999]]}", "model.vocab[0][1]: must be a number")]
    [InlineData("model", "{\"type\":\"Unigram\",\"unk_id\":7,\"vocab\":[[\"a\",0]]}", "model: the unknown token's id 7 is outside the vocabulary")]
    [InlineData("model", "{\"type\":\"Unigram\",\"unk_id\":null,\"vocab\":[[\"a\",0]]}", "model.unk_id: is missing")]
    [InlineData("model", "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[]}", "model.vocab: is empty")]
    [InlineData("model", "{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}", "model: the unknown token '[UNK]' is not in the vocabulary")]
    [InlineData("model", "{\"type\":\"WordLevel\",\"vocab\":{\"a\":0}}", "model: the unknown token '<unk>' is not in the vocabulary")]
    [InlineData("decoder", "{\"type\":\"Strip\",\"content\":\"  \",\"start\":0,\"stop\":0}", "decoder.content: must be one character")]
    [InlineData("decoder", "{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}", "can't be negative")]
    public void A_wrong_component_is_refused(string part, string json, string expected) =>
        Assert.Contains(expected, Refused(SmallTokenizers.With(root => root[part] = JsonNode.Parse(json))).Message);

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        for (var length = 0; length < SmallTokenizers.LlamaJson.TrimEnd().Length; length += 13) Refused(SmallTokenizers.LlamaJson[..length]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"tokenizer\"")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\ud800\": 0}, \"merges\": []}}")]
    [InlineData("{\"model\": {\"type\": \"\\ud800\"}}")]
    [InlineData("{\"added_tokens\": 3, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}")]
    public void What_is_no_tokenizer_is_refused(string json) => Refused(json);

    [Fact]
    public void Deep_nesting_is_refused() => Refused(string.Concat(Enumerable.Repeat("{\"normalizer\":", 100_000)));

    [Fact]
    public void Deep_sequences_are_refused()
    {
        var json = new StringBuilder("{\"type\":\"Prepend\",\"prepend\":\"x\"}");
        for (var i = 0; i < 1000; i++) json.Insert(0, "{\"type\":\"Sequence\",\"normalizers\":[").Append("]}");
        Refused($"{{\"normalizer\":{json},\"model\":{{}}}}");
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("tokenizer.json"), [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]);
        Assert.Throws<CoppiceException>(() => Tokenizer.Load(folder.Root));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("tokenizer.json", Assert.Throws<CoppiceException>(() => Tokenizer.Load(folder.Root)).Message);
    }

    [Fact]
    public void Random_changes_of_a_file_are_read_or_refused()
    {
        var random = new Random(23);
        var original = Encoding.UTF8.GetBytes(SmallTokenizers.LlamaJson);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = original.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)"{}[]\",:0129ab<\u00ff"[random.Next(15)];
            try
            {
                var tokenizer = Serialization.TokenizerJson.Read(bytes);
                tokenizer.Decode(tokenizer.EncodeWithSpecialTokens("ab <s> é b").ToArray());
            }
            catch (CoppiceException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }
}
