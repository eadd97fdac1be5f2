using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Inference.Tests;

public sealed class GenerationDefaultsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_file_says_counts_and_what_it_does_not_say_stays()
    {
        var options = new GenerationOptions { MaxTokens = 9, Temperature = 0.5, TopK = 3, TopP = 0.4, MinP = 0.1, RepetitionPenalty = 1.2, EndTokens = [4] };
        Assert.Equivalent(options, GenerationDefaults.Load(_folder.Root).Apply(options), strict: true);
        var all = Applied("""{"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.05, "max_new_tokens": 2048, "eos_token_id": [7, 4, 8], "transformers_version": "4", "pad_token_id": 3}""");
        Assert.Equivalent(new GenerationOptions { MaxTokens = 2048, Temperature = 0.6, TopK = 20, TopP = 0.95, MinP = 0.05, RepetitionPenalty = 1.05, EndTokens = [4, 7, 8] }, all, strict: true);
        Assert.Equal(0, Applied("""{"do_sample": false, "temperature": 0.6}""").Temperature);
        Assert.Equal((0.5, 1.0), (Applied("{}").Temperature, Applied("""{"top_p": 0}""").TopP));

        GenerationOptions Applied(string json)
        {
            _folder.Write(GenerationDefaults.FileName, json);
            return GenerationDefaults.Load(_folder.Root).Apply(options);
        }
    }

    [Fact]
    public void Ends_of_text_come_from_either_file()
    {
        _folder.Write("config.json", """{"eos_token_id": [5, 6]}""");
        Assert.Equal([5, 6], GenerationDefaults.Load(_folder.Root).EndTokens);
        _folder.Write(GenerationDefaults.FileName, """{"eos_token_id": 7}""");
        Assert.Equal([7], GenerationDefaults.Load(_folder.Root).EndTokens);
        _folder.Write(GenerationDefaults.FileName, """{"eos_token_id": null}""");
        Assert.Equal([5, 6], GenerationDefaults.Load(_folder.Root).EndTokens);
    }

    [Theory]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "a JSON object is expected")]
    [InlineData("""{"temperature": -1}""", "temperature: a number from 0 to 1000 is expected")]
    [InlineData("""{"temperature": "hot"}""", "temperature: a number")]
    [InlineData("""{"top_k": 1.5}""", "top_k: a whole number from 0 on is expected")]
    [InlineData("""{"max_new_tokens": 0}""", "max_new_tokens: a whole number from 1 on is expected")]
    [InlineData("""{"eos_token_id": ["</s>"]}""", "eos_token_id: a token id or a list of them is expected")]
    [InlineData("""{"eos_token_id": -1}""", "eos_token_id: a token id")]
    public void A_value_that_is_none_is_named_with_its_file(string json, string message)
    {
        _folder.Write(GenerationDefaults.FileName, json);
        var error = Assert.Throws<CoppiceException>(() => GenerationDefaults.Load(_folder.Root));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(GenerationDefaults.FileName, error.Message, StringComparison.Ordinal);
    }
}
