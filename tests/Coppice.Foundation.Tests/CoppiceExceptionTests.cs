namespace Coppice.Foundation.Tests;

public class CoppiceExceptionTests
{
    [Fact]
    public void A_message_is_one_line_whatever_it_quotes()
    {
        Assert.Equal(@"file: 'a\u000ab\u001b[31m' is no number", new CoppiceException("file: 'a\nb\u001b[31m' is no number").Message);
        Assert.Equal("file: 'ä 日' is no number", CoppiceException.Usage("file: 'ä 日' is no number").Message);
    }
}
