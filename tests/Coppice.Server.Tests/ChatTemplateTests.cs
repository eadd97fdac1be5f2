using System.Net;
using System.Text.Json;
using Coppice.Inference;

namespace Coppice.Server.Tests;

public sealed class ChatTemplateTests
{
    private static readonly object[] Messages = [new { role = "system", content = "Be brief." }, new { role = "user", content = "Hi." }];

    [Fact]
    public async Task A_conversation_is_written_as_the_models_own_template_says()
    {
        await using var served = await Served("{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
        var answer = await served.JsonAsync("v1/chat/completions", new { messages = Messages, max_tokens = 20, seed = 2 });
        const string Prompt = "[system] Be brief.\n[user] Hi.\n[assistant]";
        var expected = ServedTinyModel.Expected(served.Directory, Prompt, new GenerationOptions { MaxTokens = 20, Seed = 2, Temperature = 1, TopP = 1 });
        Assert.Equal(expected.Text.TrimStart(), answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(Prompt.Length, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task A_conversation_that_the_template_refuses_is_the_requests_error()
    {
        await using var served = await Served("{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}");
        using var response = await served.PostAsync("v1/chat/completions", new { messages = Messages });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("System role not supported", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_models_authors_say_counts_where_a_request_says_nothing()
    {
        await using var served = await Served("{{ messages[0].content }}", """{"temperature": 0.3, "top_k": 5, "max_new_tokens": 7, "eos_token_id": [9999]}""");
        var chat = await served.JsonAsync("v1/chat/completions", new { messages = Messages, seed = 2 });
        var options = new GenerationOptions { MaxTokens = 7, Seed = 2, Temperature = 0.3, TopK = 5, TopP = 1 };
        Assert.Equal(ServedTinyModel.Expected(served.Directory, "Be brief.", options).Text.TrimStart(), Said(chat));
        var own = await served.JsonAsync("v1/chat/completions", new { messages = Messages, seed = 2, temperature = 0, top_k = 0, max_tokens = 9 });
        Assert.Equal(ServedTinyModel.Expected(served.Directory, "Be brief.", options with { Temperature = 0, MaxTokens = 9 }).Text.TrimStart(), Said(own));

        // The first token that is drawn ends the text where it is one of those that end texts.
        var first = ServedTinyModel.Expected(served.Directory, "Be brief.", options).Tokens[0];
        await using var ended = await Served("{{ messages[0].content }}", $$"""{"temperature": 0.3, "top_k": 5, "eos_token_id": [9999, {{first}}]}""");
        var stopped = await ended.JsonAsync("v1/chat/completions", new { messages = Messages, seed = 2 });
        Assert.Equal(("", "stop"), (Said(stopped), stopped.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));

        static string Said(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static Task<ServedTinyModel> Served(string template, string? generation = null) => ServedTinyModel.StartAsync(changeWithFolder: (folder, options) =>
    {
        folder.Write("tiny/chat_template.jinja", template);
        if (generation is not null) folder.Write("tiny/generation_config.json", generation);
        return options;
    });
}
