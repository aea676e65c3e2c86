"""RabbitMQ: topology, one I/O thread per connection, windowed confirms, returns, consume."""
