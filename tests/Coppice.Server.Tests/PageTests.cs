using Coppice.Inference;

namespace Coppice.Server.Tests;

/// <summary>The built-in page, in a real browser.</summary>
public sealed class PageTests
{
    [BrowserFact]
    public async Task The_page_writes_a_text_as_the_model_does_and_holds_a_conversation()
    {
        await using var served = await ServedTinyModel.StartAsync();
        await using var browser = await Browser.OpenAsync(served.Client.BaseAddress!);
        await browser.UntilAsync($"$('model').value === '{ServedTinyModel.Name}'");

        const string Prompt = "<img src=x onerror=document.title='harmed'>";
        await browser.RunAsync($"$('prompt').value = \"{Prompt}\"; $('tokens').value = 20; $('temperature').value = 0; $('send').click()");
        await browser.UntilAsync("$('status').textContent.startsWith('20 tokens')");
        var expected = ServedTinyModel.Expected(served.Directory, Prompt, new GenerationOptions { MaxTokens = 20, Temperature = 0 });
        Assert.Equal(Prompt + expected.Text, (await browser.RunAsync("document.querySelector('.answer').textContent")).GetString());
        Assert.Equal("Coppice", (await browser.RunAsync("document.title")).GetString());

        await browser.RunAsync("$('clear').click(); $('mode').value = 'chat'; $('prompt').value = 'hello'; $('send').click()");
        await browser.UntilAsync("!$('send').disabled && $('status').textContent.startsWith('20 tokens')");
        await browser.RunAsync("$('prompt').value = 'and?'; $('send').click()");
        await browser.UntilAsync("!$('send').disabled && document.querySelectorAll('.turn').length === 4");
        Assert.Equal(4, (await browser.RunAsync("messages.filter(message => message.content.length > 0).length")).GetInt32());
        Assert.Empty(browser.Errors);
    }

    [BrowserFact]
    public async Task A_text_can_be_stopped_and_what_is_wrong_is_said()
    {
        await using var served = await ServedTinyModel.StartAsync(options => options with { MaxTokens = 100_000, Engine = new EngineOptions { ContextTokens = 200_000 } }, positions: 200_000);
        await using var browser = await Browser.OpenAsync(served.Client.BaseAddress!);
        await browser.UntilAsync($"$('model').value === '{ServedTinyModel.Name}'");
        await browser.RunAsync("$('prompt').value = 'a'; $('tokens').value = 90000; $('send').click()");
        await browser.UntilAsync("document.querySelector('.answer').textContent.length > 5");
        await browser.RunAsync("$('stop').click()");
        await browser.UntilAsync("$('status').textContent === 'stopped' && !$('send').disabled");
        await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_running") == 0);

        await browser.RunAsync("$('tokens').value = 2000000; $('form').noValidate = true; $('send').click()");
        await browser.UntilAsync("document.querySelector('.error')");
        Assert.Contains("max_tokens", (await browser.RunAsync("document.querySelector('.error').textContent")).GetString(), StringComparison.Ordinal);
        Assert.Empty(browser.Errors);
    }
}
