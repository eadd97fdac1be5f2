using System.Text;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers.Serialization;

namespace Coppice.Tokenizers.Tests;

/// <summary>SentencePiece models and tiktoken files become the same kind of tokenizer as a tokenizer.json.</summary>
public class OtherFormatsTests
{
    [Theory]
    [InlineData("unigram")]
    [InlineData("bpe")]
    [InlineData("char")]
    [InlineData("plain")]
    public void A_sentencepiece_model_encodes_as_sentencepiece_does(string kind)
    {
        using var reference = JsonDocument.Parse(File.ReadAllBytes(ReferenceTests.DataFile("sentencepiece-reference.json")));
        var tokenizer = Tokenizer.Load(ReferenceTests.DataFile($"sentencepiece-{kind}.model"));
        var again = Tokenizer.FromJson(tokenizer.ToJson());
        var texts = reference.RootElement.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!).ToList();
        var ids = reference.RootElement.GetProperty(kind).EnumerateArray().Select(list => list.EnumerateArray().Select(id => id.GetInt32()).ToList()).ToList();
        Assert.Equal(texts.Count, ids.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            Assert.Equal(texts[i] + "\n" + string.Join(' ', ids[i]), texts[i] + "\n" + string.Join(' ', tokenizer.Encode(texts[i])));
            Assert.Equal(ids[i], again.Encode(texts[i]));
        }
    }

    [Fact]
    public void A_sentencepiece_model_names_its_special_tokens_and_decodes()
    {
        var tokenizer = Tokenizer.Load(ReferenceTests.DataFile("sentencepiece-bpe.model"));
        Assert.Equal((1, 2), (tokenizer.BeginOfText, tokenizer.EndOfText));
        Assert.Equal(["</s>", "<s>", "<unk>"], tokenizer.SpecialTokens.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("The quick 日本 🙂 fox", tokenizer.Decode(tokenizer.Encode("The quick  日本 🙂 fox ").ToArray()));
    }

    [Fact]
    public void A_folder_with_a_tokenizer_model_is_read_where_there_is_no_tokenizer_json()
    {
        using var folder = new TemporaryFolder();
        File.Copy(ReferenceTests.DataFile("sentencepiece-plain.model"), folder.At("tokenizer.model"));
        Assert.Equal(300, Tokenizer.Load(folder.Root).VocabularySize);
    }

    [Theory]
    [InlineData("0A0A0A036162", "the message is cut off")]
    [InlineData("0A00", "the piece 0 is empty")]
    [InlineData("0A040A02FFFE", "the piece 0 is no valid UTF-8")]
    [InlineData("0A050A01611863", "the piece 0 is of the unknown type 99")]
    [InlineData("0A030A0161", "there must be one piece of the type unknown, not 0")]
    [InlineData("0A050A016118020A050A01621805", "pieces of the type unused are not supported")]
    [InlineData("0A050A0161180212021803", "trainer_spec.model_type 3 is not supported")]
    [InlineData("0A050A016118021203C00101", "trainer_spec.treat_whitespace_as_suffix is not supported")]
    [InlineData("0A050A016118021A022800", "normalizer_spec.escape_whitespaces must be true")]
    [InlineData("0A050A016118021A051203000001", "the table of replacements is cut off")]
    [InlineData("0F", "a field has the unknown wire type 7")]
    [InlineData("07", "a field has no valid number")]
    [InlineData("08FFFFFFFFFFFFFFFFFFFF", "a number has more than ten bytes")]
    [InlineData("", "it has no tokens")]
    public void A_broken_sentencepiece_model_is_refused(string bytes, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("x.model"), Convert.FromHexString(bytes));
        var error = Assert.Throws<CoppiceException>(() => Tokenizer.Load(folder.At("x.model")));
        Assert.Contains("x.model: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_tiktoken_file_gives_the_tokenizer_that_its_merges_came_from()
    {
        using var folder = new TemporaryFolder();
        var trained = SmallTokenizers.Bytes;
        File.WriteAllText(folder.At("gpt2.tiktoken"), Tiktoken(trained));
        var read = Tokenizer.Load(folder.At("gpt2.tiktoken"));
        Assert.Equal(50256, read.EndOfText);
        foreach (var text in SmallTokenizers.Sentences(50).Concat(Enumerable.Range(0, 200).Select(FuzzStrings.Make)))
        {
            // The trained one has its special token first, so its ids are one more than the ranks.
            Assert.Equal(trained.Encode(text), read.Encode(text).Select(id => id + 1));
            Assert.Equal(text, read.Decode(read.Encode(text).ToArray()));
        }
    }

    [Fact]
    public void A_tiktoken_file_needs_the_name_of_its_encoding()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("mine.tiktoken"), Tiktoken(SmallTokenizers.Bytes));
        Assert.Contains("cl100k_base", Assert.Throws<CoppiceException>(() => Tokenizer.Load(folder.At("mine.tiktoken"))).Message);
        Assert.Contains("there is no tiktoken encoding 'x'", Assert.Throws<CoppiceException>(() => Tokenizer.LoadTiktoken(folder.At("mine.tiktoken"), "x")).Message);
        Assert.Equal(100257, Tokenizer.LoadTiktoken(folder.At("mine.tiktoken"), "cl100k_base").EndOfText);
        var o200k = Tokenizer.LoadTiktoken(folder.At("mine.tiktoken"), "o200k_base").Parts.PreTokenizer!;
        Assert.Equal(["Hello", "World's", " ", " ABCd", "123", "4", "//\n"], Words(o200k, "HelloWorld's  ABCd1234//\n"));
    }

    [Theory]
    [InlineData("IQ== 0\nIg== x\n", "line 2 must be")]
    [InlineData("IQ== 0\n!!!! 1\n", "line 2 must be")]
    [InlineData("IQ== 0\nIg==\n", "line 2 must be")]
    [InlineData("IQ== 0\nIg== 99999999999\n", "line 2 must be")]
    [InlineData("IQ== 0\nIg== 99999999\n", "has the id 99999999")]
    [InlineData("IQ== 0\nIQ== 1\n", "is in the vocabulary twice")]
    [InlineData("IQ== 0\n", "the byte 0 is no token")]
    public void A_broken_tiktoken_file_is_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<CoppiceException>(() => TiktokenReader.Read(Encoding.UTF8.GetBytes(text), "gpt2")).Message);

    private static string Tiktoken(Tokenizer tokenizer) => string.Concat(Enumerable.Range(1, tokenizer.VocabularySize - 1)
        .Select(id => $"{Convert.ToBase64String(ByteAlphabet.ToBytes(tokenizer.IdToToken(id)!)!)} {id - 1}\n"));

    private static List<string> Words(PreTokenizers.PreTokenizer preTokenizer, string text)
    {
        var words = new List<TextPiece>();
        preTokenizer.Split(text, new TextPiece(0, text.Length), words);
        return words.ConvertAll(word => text.Substring(word.Start, word.Length));
    }
}
