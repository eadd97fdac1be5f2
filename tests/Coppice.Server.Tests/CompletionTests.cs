using System.Net.Http.Json;
using System.Text.Json;
using Coppice.Inference;

namespace Coppice.Server.Tests;

public sealed class CompletionTests : IAsyncLifetime
{
    private ServedTinyModel _served = null!;

    public async Task InitializeAsync() => _served = await ServedTinyModel.StartAsync();

    public async Task DisposeAsync() => await _served.DisposeAsync();

    [Fact]
    public async Task A_completion_is_what_the_model_writes()
    {
        var answer = await _served.JsonAsync("v1/completions", new { model = "tiny", prompt = "Hello", max_tokens = 30, seed = 5, temperature = 0.9, top_p = 0.8, top_k = 20, min_p = 0.01, repetition_penalty = 1.1 });
        var expected = ServedTinyModel.Expected(_served.Directory, "Hello", new GenerationOptions { MaxTokens = 30, Seed = 5, Temperature = 0.9, TopP = 0.8, TopK = 20, MinP = 0.01, RepetitionPenalty = 1.1 });
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal((expected.Text, "length", 0), (choice.GetProperty("text").GetString(), choice.GetProperty("finish_reason").GetString(), choice.GetProperty("index").GetInt32()));
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        Assert.Equal(("text_completion", "tiny"), (answer.GetProperty("object").GetString(), answer.GetProperty("model").GetString()));
        Assert.Equal((5, 30, 35), Usage(answer));
    }

    [Fact]
    public async Task Several_prompts_and_texts_come_in_order()
    {
        var body = new { prompt = new object[] { "ab", new[] { 5, 6, 7 } }, max_tokens = 12, seed = 9, n = 2, stop = "e" };
        var answer = await _served.JsonAsync("v1/completions", body);
        var choices = answer.GetProperty("choices").EnumerateArray().ToList();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        var options = new GenerationOptions { MaxTokens = 12, Seed = 9, Temperature = 1, TopP = 1, StopStrings = ["e"] };
        Assert.Equal(ServedTinyModel.Expected(_served.Directory, "ab", options).Text, choices[0].GetProperty("text").GetString());
        Assert.Equal(ServedTinyModel.Expected(_served.Directory, "ab", options with { Seed = 10 }).Text, choices[1].GetProperty("text").GetString());
        Assert.Equal(5, Usage(answer).Prompt);
        Assert.DoesNotContain(choices, choice => choice.GetProperty("text").GetString()!.Contains('e', StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_is_the_same_text_in_pieces()
    {
        var whole = await _served.JsonAsync("v1/completions", new { prompt = "once", max_tokens = 25, seed = 3, n = 2 });
        var events = await _served.EventsAsync("v1/completions", new { prompt = "once", max_tokens = 25, seed = 3, n = 2, stream = true, stream_options = new { include_usage = true } });
        for (var index = 0; index < 2; index++)
        {
            var pieces = events.SelectMany(one => one.GetProperty("choices").EnumerateArray()).Where(choice => choice.GetProperty("index").GetInt32() == index).ToList();
            Assert.Equal(whole.GetProperty("choices")[index].GetProperty("text").GetString(), string.Concat(pieces.Select(piece => piece.GetProperty("text").GetString())));
            Assert.Equal("length", pieces[^1].GetProperty("finish_reason").GetString());
            Assert.All(pieces[..^1], piece => Assert.Equal(JsonValueKind.Null, piece.GetProperty("finish_reason").ValueKind));
            Assert.True(pieces.Count > 20);
        }

        Assert.Equal((4, 50, 54), Usage(events[^1]));
        Assert.Empty(events[^1].GetProperty("choices").EnumerateArray());
    }

    [Fact]
    public async Task Probabilities_are_reported_in_both_shapes()
    {
        var answer = await _served.JsonAsync("v1/completions", new { prompt = "x", max_tokens = 6, logprobs = 2, seed = 1 });
        var found = answer.GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal(answer.GetProperty("choices")[0].GetProperty("text").GetString(), string.Concat(found.GetProperty("tokens").EnumerateArray().Select(token => token.GetString())));
        Assert.Equal([0, 1, 2, 3, 4, 5], found.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32()));
        Assert.All(found.GetProperty("top_logprobs").EnumerateArray(), top => Assert.Equal(2, top.EnumerateObject().Count()));

        var chat = await _served.EventsAsync("v1/chat/completions", new { messages = new[] { new { role = "user", content = "x" } }, max_tokens = 6, logprobs = true, top_logprobs = 3, stream = true });
        var tokens = chat.Select(one => one.GetProperty("choices")[0].GetProperty("logprobs")).Where(value => value.ValueKind == JsonValueKind.Object).SelectMany(value => value.GetProperty("content").EnumerateArray()).ToList();
        Assert.Equal(6, tokens.Count);
        Assert.All(tokens, token => Assert.Equal(3, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.All(tokens, token => Assert.True(token.GetProperty("logprob").GetDouble() < 0));
    }

    [Fact]
    public async Task A_conversation_is_a_dialogue_that_the_model_continues()
    {
        var messages = new object[]
        {
            new { role = "system", content = "Be brief." }, new { role = "user", content = new[] { new { type = "text", text = "Hi." } } },
            new { role = "assistant", content = "Hello." }, new { role = "user", content = "Go on." },
        };
        var answer = await _served.JsonAsync("v1/chat/completions", new { messages, max_tokens = 20, seed = 2, user = "me" });
        var prompt = "Be brief.\n\nUser: Hi.\n\nAssistant: Hello.\n\nUser: Go on.\n\nAssistant:";
        var expected = ServedTinyModel.Expected(_served.Directory, prompt, new GenerationOptions { MaxTokens = 20, Seed = 2, Temperature = 1, TopP = 1 });
        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal((expected.Text.TrimStart(), "assistant"), (message.GetProperty("content").GetString(), message.GetProperty("role").GetString()));
        Assert.Equal(prompt.Length, Usage(answer).Prompt);

        var events = await _served.EventsAsync("v1/chat/completions", new { messages, max_completion_tokens = 20, seed = 2, stream = true });
        Assert.Equal("assistant", events[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.All(events, one => Assert.Equal("chat.completion.chunk", one.GetProperty("object").GetString()));
        var said = events.Select(one => one.GetProperty("choices")[0].GetProperty("delta")).Select(delta => delta.TryGetProperty("content", out var content) ? content.GetString() : "");
        Assert.Equal(expected.Text.TrimStart(), string.Concat(said));
        Assert.Equal("length", events[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Embeddings_have_length_one_in_either_encoding()
    {
        var floats = await _served.JsonAsync("v1/embeddings", new { model = "tiny", input = new[] { "one text", "another" } });
        var vectors = floats.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray()).ToList();
        Assert.Equal(2, vectors.Count);
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(x => (double)x * x), 1e-5));
        Assert.NotEqual(vectors[0], vectors[1]);
        var encoded = await _served.JsonAsync("v1/embeddings", new { input = "another", encoding_format = "base64" });
        var bytes = encoded.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(vectors[1], Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToSingle(bytes, 4 * i)));
    }

    [Fact]
    public async Task An_encoder_is_served_for_embeddings_and_refuses_to_write()
    {
        ServedTinyModel.Save(_served.Folder.At("encoder"), positions: 16, architecture: "bert");
        await using var server = await InferenceServer.StartAsync(new ServerOptions { Models = [_served.Folder.At("encoder"), _served.Directory], Port = 0, Threads = 1 });
        using var client = new HttpClient { BaseAddress = server.Address };
        async Task<(int Status, string Text)> Post(string path, object body)
        {
            using var response = await client.PostAsync(new Uri(path, UriKind.Relative), JsonContent.Create(body));
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        // The second is longer than the model's context.
        var (status, text) = await Post("v1/embeddings", new { model = "encoder", input = new[] { "one text", "one that is longer than sixteen tokens" } });
        Assert.True(status == 200, text);
        var vectors = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("data").EnumerateArray().Select(item => item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray());
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(x => (double)x * x), 1e-5));
        foreach (var (path, body) in new (string, object)[]
        {
            ("v1/completions", new { model = "encoder", prompt = "a" }), ("v1/completions", new { model = "encoder", prompt = "a", stream = true }),
            ("v1/chat/completions", new { model = "encoder", messages = new[] { new { role = "user", content = "hi" } } }),
        })
        {
            (status, text) = await Post(path, body);
            Assert.Equal(400, status);
            Assert.Contains("a bert model is an encoder", text, StringComparison.Ordinal);
        }

        // The other model writes all the same.
        Assert.Equal(200, (await Post("v1/completions", new { model = "tiny", prompt = "a", max_tokens = 2 })).Status);
        var listed = await client.GetStringAsync(new Uri("v1/models", UriKind.Relative));
        Assert.Contains("encoder", listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_health_and_metrics_tell_what_is_served()
    {
        var models = JsonSerializer.Deserialize<JsonElement>(await _served.Client.GetStringAsync(new Uri("v1/models", UriKind.Relative)));
        Assert.Equal("tiny", Assert.Single(models.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        var one = JsonSerializer.Deserialize<JsonElement>(await _served.Client.GetStringAsync(new Uri("v1/models/tiny", UriKind.Relative)));
        Assert.Equal(512, one.GetProperty("context_length").GetInt32());
        Assert.Contains("\"ok\"", await _served.Client.GetStringAsync(new Uri("health", UriKind.Relative)), StringComparison.Ordinal);
        await _served.JsonAsync("v1/completions", new { prompt = "abc", max_tokens = 7 });
        Assert.Equal(7, await _served.MetricAsync("coppice_generated_tokens_total{model=\"tiny\"}"));
        Assert.Equal(3, await _served.MetricAsync("coppice_prompt_tokens_total{model=\"tiny\"}"));
        Assert.Equal(1, await _served.MetricAsync("coppice_requests_total{model=\"tiny\",end=\"length\"}"));
        Assert.Equal(1, await _served.MetricAsync("coppice_time_to_first_token_seconds_bucket{model=\"tiny\",le=\"+Inf\"}"));
    }

    [Fact]
    public async Task The_page_takes_nothing_from_elsewhere_and_makes_no_markup_of_text()
    {
        using var response = await _served.Client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Contains("default-src 'none'", string.Concat(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        var page = await response.Content.ReadAsStringAsync();
        var script = await _served.Client.GetStringAsync(new Uri("page.js", UriKind.Relative));
        var style = await _served.Client.GetStringAsync(new Uri("page.css", UriKind.Relative));
        Assert.All(new[] { page, script, style }, text => Assert.DoesNotContain("//", text.Replace("// ", "", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.All(new[] { "innerHTML", "insertAdjacentHTML", "document.write", "eval(" }, danger => Assert.DoesNotContain(danger, script, StringComparison.Ordinal));
    }

    private static (int Prompt, int Generated, int Total) Usage(JsonElement answer)
    {
        var usage = answer.GetProperty("usage");
        return (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32());
    }
}
