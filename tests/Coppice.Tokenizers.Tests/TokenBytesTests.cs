namespace Coppice.Tokenizers.Tests;

public class TokenBytesTests
{
    [Theory]
    [InlineData("""{"type": "WordPiece", "prefix": "##", "cleanup": false}""", "the", " the")]
    [InlineData("""{"type": "WordPiece", "prefix": "##", "cleanup": false}""", "##ing", "ing")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}""", "▁word", " word")]
    [InlineData("""{"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}""", "▁日", " 日")]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""", "ĠaÃ©", " aé")]
    [InlineData("""{"type": "Fuse"}""", "é", "é")]
    [InlineData("null", "word", " word")]
    public void A_token_has_the_bytes_that_it_adds_to_a_text(string decoder, string token, string text) =>
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(text), With(decoder, token).BytesOf(0));

    [Theory]
    [InlineData("""{"type": "ByteFallback"}""", "<0xE6>", new byte[] { 0xE6 })]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""", "æ", new byte[] { 0xE6 })]
    public void A_part_of_a_character_is_its_bytes(string decoder, string token, byte[] bytes) => Assert.Equal(bytes, With(decoder, token).BytesOf(0));

    [Theory]
    [InlineData("""{"type": "BPEDecoder", "suffix": "</w>"}""")]
    [InlineData("""{"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}""")]
    public void A_token_whose_text_depends_on_others_has_none(string decoder) => Assert.Null(With(decoder, "a").BytesOf(0));

    private static Tokenizer With(string decoder, string token) => Tokenizer.FromJson($$"""
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {{decoder}},
         "model": {"type": "WordLevel", "vocab": {"{{token}}": 0, "[UNK]": 1}, "unk_token": "[UNK]"} }
        """);
}
