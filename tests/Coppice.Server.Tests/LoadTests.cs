using System.Globalization;
using System.Text.Json;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Server.Tests;

public sealed class LoadTests(ITestOutputHelper output)
{
    private const int Clients = 64;

    [Fact]
    public Task Many_clients_at_once_are_all_answered() => RunAsync(TimeSpan.FromSeconds(3));

    [Fact]
    [Trait("Category", "Slow")]
    public Task Many_clients_at_once_for_two_minutes_leave_nothing_behind() => RunAsync(TimeSpan.FromMinutes(2));

    [NodePackageFact("openai")]
    public async Task The_clients_that_others_wrote_can_talk_to_it()
    {
        await using var served = await ServedTinyModel.StartAsync();
        var script = served.Folder.Write("client.mjs", """
            import { createRequire } from "node:module";
            const { OpenAI } = createRequire(process.argv[2] + "/")("openai");
            const client = new OpenAI({ baseURL: process.argv[3] + "v1", apiKey: "none" });
            const completion = await client.completions.create({ model: "tiny", prompt: "Hello", max_tokens: 12, seed: 1 });
            if (completion.usage.completion_tokens !== 12) throw new Error("completion");
            let said = "";
            const stream = await client.chat.completions.create({ model: "tiny", messages: [{ role: "user", content: "Hi" }], max_tokens: 12, seed: 1, stream: true });
            for await (const chunk of stream) said += chunk.choices[0]?.delta?.content ?? "";
            const whole = await client.chat.completions.create({ model: "tiny", messages: [{ role: "user", content: "Hi" }], max_tokens: 12, seed: 1 });
            if (said !== whole.choices[0].message.content) throw new Error("stream");
            const embedding = await client.embeddings.create({ model: "tiny", input: ["one", "two"] });
            if (embedding.data.length !== 2 || embedding.data[0].embedding.length !== 12) throw new Error("embeddings");
            const models = await client.models.list();
            if (models.data[0].id !== "tiny") throw new Error("models");
            try {
              await client.completions.create({ model: "none", prompt: "" });
              throw new Error("an unknown model was served");
            } catch (error) {
              if (error.status !== 404 || error.code !== "model_not_found") throw error;
            }
            console.log("done");
            """);
        var address = served.Server.Address.ToString();
        Assert.Equal("done\n", await Task.Run(() => NodePackages.Run(script, "", address)));
    }

    private async Task RunAsync(TimeSpan time)
    {
        await using var served = await ServedTinyModel.StartAsync();
        var answered = 0;
        using var end = new CancellationTokenSource(time);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var i = 0; !end.IsCancellationRequested || i == 0; i++)
            {
                var body = new { prompt = $"A prompt that all share, and number {client} {i}.", max_tokens = 5 + (client + i) % 30, seed = i, stream = (client + i) % 2 == 0 };
                if (body.stream) Assert.Contains(await served.EventsAsync("v1/completions", body), one => one.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind == JsonValueKind.String);
                else Assert.Equal(body.max_tokens, (await served.JsonAsync("v1/completions", body)).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
                Interlocked.Increment(ref answered);
            }
        })));
        Assert.Equal((0, 0), (await served.MetricAsync("coppice_requests_running"), await served.MetricAsync("coppice_requests_waiting")));
        Assert.Equal(answered, await served.MetricAsync("coppice_requests_total{model=\"tiny\",end=\"length\"}"));
        Assert.Equal(0, await served.MetricAsync("coppice_requests_total{model=\"tiny\",end=\"failed\"}"));
        var (tokens, passes) = (await served.MetricAsync("coppice_generated_tokens_total"), await served.MetricAsync("coppice_passes_total"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answered} requests, {tokens} tokens, {tokens / passes:0.0} a pass, {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB managed"));
        // Alone each would take a pass a token: that they share passes is what the engine is for.
        Assert.True(tokens / passes > 4, $"{tokens} tokens in {passes} passes");
    }
}
