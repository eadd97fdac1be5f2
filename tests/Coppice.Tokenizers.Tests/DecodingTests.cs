using Coppice.Tokenizers.Decoders;

namespace Coppice.Tokenizers.Tests;

public class DecodingTests
{
    [Fact]
    public void A_stream_gives_whole_characters_and_together_what_decoding_all_gives()
    {
        var random = new Random(19);
        foreach (var tokenizer in (Tokenizer[])[SmallTokenizers.Bytes, SmallTokenizers.Llama])
        {
            for (var round = 0; round < 500; round++)
            {
                // Half are tokens of a text, half are arbitrary: broken characters, runs of bytes that are no text.
                var ids = round % 2 == 0
                    ? tokenizer.Encode(SmallTokenizers.RandomText(random, 40)).ToArray()
                    : Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(tokenizer.VocabularySize)).ToArray();
                foreach (var skipSpecial in (bool[])[false, true])
                {
                    var stream = tokenizer.CreateStreamingDecoder(skipSpecial);
                    var pieces = ids.Select(stream.Add).ToList();
                    pieces.Add(stream.Finish());
                    Assert.All(pieces, piece => Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]))));
                    Assert.Equal(tokenizer.Decode(ids, skipSpecial), string.Concat(pieces));
                }
            }
        }
    }

    [Fact]
    public void A_character_of_two_tokens_comes_with_the_second()
    {
        var bytes = SmallTokenizers.Bytes;
        var stream = bytes.CreateStreamingDecoder();
        int Byte(byte value) => bytes.TokenToId(ByteAlphabet.ToChar(value).ToString())!.Value;
        Assert.Equal("", stream.Add(Byte(0xF0)));
        Assert.Equal("", stream.Add(Byte(0x9F)));
        Assert.Equal("", stream.Add(Byte(0x99)));
        Assert.Equal("🙂", stream.Add(Byte(0x82)));
        Assert.Equal("", stream.Add(Byte(0xC3)));
        Assert.Equal("\uFFFD", stream.Finish());
    }

    [Fact]
    public void Special_tokens_are_left_out_or_kept()
    {
        var tokenizer = SmallTokenizers.Bytes;
        var a = tokenizer.TokenToId("a")!.Value;
        Assert.Equal("aa", tokenizer.Decode([a, tokenizer.EndOfText!.Value, a]));
        Assert.Equal("a<|endoftext|>a", tokenizer.Decode([a, tokenizer.EndOfText!.Value, a], skipSpecialTokens: false));
    }

    [Theory]
    [InlineData("  ab  ", 1, 0, " ab  ")]
    [InlineData("  ab  ", 3, 3, "ab")]
    [InlineData("  ab  ", 0, 1, "  ab ")]
    [InlineData(" a b ", 9, 9, "a b")]
    [InlineData("   ", 1, 1, " ")]
    [InlineData("   ", 4, 4, "")]
    [InlineData("", 1, 1, "")]
    [InlineData("ab", 1, 1, "ab")]
    public void Strip_takes_up_to_so_many_off_each_end(string text, int start, int stop, string expected)
    {
        // In one part and character by character, as after Fuse.
        foreach (var parts in (string[][])[[text], text.Select(unit => unit.ToString()).ToArray()])
        {
            var collector = new TextCollector("");
            var stream = new StripDecoder(' ', start, stop).Start(collector);
            foreach (var part in parts) stream.Text(part);
            stream.EndToken();
            stream.Finish();
            Assert.Equal(expected, collector.Take());
        }
    }

    [Fact]
    public void Without_a_decoder_tokens_are_separated_by_spaces()
    {
        var tokenizer = Tokenizer.FromJson(SmallTokenizers.With(root => root["decoder"] = null));
        Assert.Equal("▁ab a b", tokenizer.Decode([10, 6, 7]));
    }
}
